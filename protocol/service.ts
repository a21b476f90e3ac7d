/** Numbers of the registry's `kind`; retired numbers stay. */
export const SERVICE_KIND = { http: 0, jsonRpc: 1, websocket: 2, tcp: 3, tls: 4, dns: 5 } as const;

/** A service as registered on chain: what is measured, how often, and what answer is good. */
export type Service = {
  /** 32 bytes, given by the registry. */
  readonly id: Uint8Array;
  readonly provider: string;
  readonly kind: number;
  readonly url: string;
  readonly method: string;
  /** Samples that each watcher takes in an epoch, 1 .. 1024. */
  readonly slotsPerEpoch: number;
  readonly timeoutMillis: number;
  /** 0 = any below 400. */
  readonly expectedStatus: number;
  /** keccak256 of the expected body, zero = any. */
  readonly bodyDigest: Uint8Array;
  /** Kind-specific, empty today. */
  readonly extra: Uint8Array;
};
