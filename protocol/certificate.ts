import type { Header } from './header.ts';

/** A report that more than two thirds of the stake attested in one view; what `submitReport` takes. */
export type Certificate = {
  readonly header: Header;
  readonly view: number;
  /** Seats that signed, ascending. */
  readonly signers: readonly number[];
  /** The aggregate signature, compressed G1, 48 bytes. */
  readonly signature: Uint8Array;
};

/** A certificate that the chain accepted. */
export type LandedReport = {
  readonly header: Header;
  readonly reportHash: Uint8Array;
  readonly view: number;
  readonly signers: readonly number[];
  readonly txHash: string;
  readonly blockNumber: number;
};
