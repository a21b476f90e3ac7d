import type { Contact } from '../contact.ts';

/**
 * What a message's handler thought of it. The same bytes on the same topic are seen once: whatever the verdict, they do not
 * come again for at least two minutes, so a handler that cannot decide yet must keep the message and not wait for a copy.
 * - `accept`: valid and new: pass it on to other peers.
 * - `ignore`: not worth passing on (late, already known, not decidable here), and nobody's fault: no effect on the sender's score.
 * - `reject`: no honest peer forwards this: dropped, and the sender's score falls.
 */
export type Verdict = { kind: 'accept' } | { kind: 'ignore'; code: string } | { kind: 'reject'; code: string };

/** The gossip topics, one per signed artefact. */
export const TOPICS = ['commit', 'reveal', 'proposal', 'attestation', 'refusal'] as const;
export type Topic = (typeof TOPICS)[number];

/** The request/response protocols: missing batches, state for a newcomer, what a peer holds of one epoch. */
export const REQUEST_KINDS = ['batch', 'state', 'epoch'] as const;
export type RequestKind = (typeof REQUEST_KINDS)[number];

/** Validates one message and takes it: the verdict decides whether it travels on and what its sender's score becomes. */
export type MessageHandler = (from: string, data: Uint8Array) => Promise<Verdict>;

/** Answers one request; `undefined` means "I do not have that" and reaches the asker as an empty answer. */
export type RequestHandler = (from: string, request: Uint8Array) => Promise<Uint8Array | undefined>;

export interface RequestOptions {
  /** A longer answer is refused before it is buffered. Bytes. */
  readonly maxBytes: number;
  /** For one peer: dial, write and read together. Milliseconds. */
  readonly timeoutMillis: number;
  /** Ask only this peer id. Without it, connected peers are asked one after another. */
  readonly peer?: string;
  /** Whether an answer is what was asked for; when it says no, the next peer is asked. */
  readonly accept?: (answer: Uint8Array) => boolean;
}

/** Everything the rest of the program knows about peers. Production is libp2p; the simulator has its own. */
export interface Network {
  /** Our own peer id. */
  readonly self: string;
  /**
   * Sends to the peers of the topic; never delivers to ourselves; having no peers is not an error. Bytes that this node
   * sent or received before are not sent again (they were passed on then). Gossip is best effort: a peer that connected
   * within the last second or so may miss a message for good. Whoever misses something asks with `request`.
   * @throws PlumblineError `network-message-too-large` when a subscribed topic's own bound is exceeded, `network-stopped` after `stop`.
   */
  publish(topic: Topic, data: Uint8Array): Promise<void>;
  /**
   * One handler per topic. A longer message than `maxBytes`, or one over its sender's quota, never reaches it.
   * @throws PlumblineError `network-duplicate-handler` on a second call for the same topic.
   */
  subscribe(topic: Topic, maxBytes: number, onMessage: MessageHandler): void;
  /** @throws PlumblineError `network-duplicate-handler` on a second call for the same kind. */
  serve(kind: RequestKind, maxRequestBytes: number, handler: RequestHandler): Promise<void>;
  /** The first accepted answer, or undefined: an unreachable, slow, lying or empty-handed peer is never an exception. */
  request(kind: RequestKind, request: Uint8Array, options: RequestOptions): Promise<Uint8Array | undefined>;
  /**
   * Tells where the seats of the current set are reached, as the chain has it: some of them are kept connected whatever
   * strangers do. Replaces what was told before. Any text may stand in an address: what cannot be dialled is skipped.
   */
  know(contacts: readonly Contact[]): void;
  /** Peer ids with an open connection. */
  peers(): string[];
  /** Our multiaddrs, each with `/p2p/<self>`: another node's bootnodes. */
  addresses(): string[];
  /** Closes every connection and timer. Idempotent. */
  stop(): Promise<void>;
}
