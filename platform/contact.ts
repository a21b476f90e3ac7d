/**
 * How the watcher of a seat says that it can be reached: its operator published it on chain. Claims, and no report depends
 * on any of them; whoever answers at an address must still prove the peer id that the address ends in.
 */
export type Contact = {
  readonly seat: number;
  /** Account that registered the seat, and its effective stake: the two facts here. */
  readonly operator: string;
  readonly stake: bigint;
  readonly operatorId: string;
  readonly region: number;
  /** Autonomous system; 0 when not said. */
  readonly asn: number;
  /** Multiaddrs as published, in the operator's order: any text, possibly none. */
  readonly addresses: readonly string[];
};
