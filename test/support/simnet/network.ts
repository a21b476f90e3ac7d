import type { Contact } from '../../../platform/contact.ts';
import { AskingOrder } from '../../../platform/network/asking.ts';
import type {
  MessageHandler,
  Network,
  RequestHandler,
  RequestKind,
  RequestOptions,
  Topic,
} from '../../../platform/network/network.ts';
import { keccak, toHex } from '../../../protocol/bytes.ts';
import { PlumblineError } from '../../../protocol/error.ts';
import { type HostClock, IDLE, type VirtualClock } from './clock.ts';
import { mixBelow } from './random.ts';

/** One gossip message on its way from one host to another. */
export type Hop = {
  readonly from: string;
  readonly to: string;
  readonly topic: Topic;
  readonly data: Uint8Array;
  /** Names topic and bytes: what a host has seen it does not look at again. */
  readonly id: string;
};

/** What became of a delivered message: for tests that look at verdicts. */
export type Delivered = Hop & { readonly verdict: string };

const DELAY_MILLIS_MIN = 5;
const DELAY_MILLIS_SPREAD = 40;
/** What a hop takes at most when nothing holds it up. */
export const DELAY_MILLIS_MAX = DELAY_MILLIS_MIN + DELAY_MILLIS_SPREAD;

type Peer = {
  readonly clock: HostClock;
  readonly topics: Map<Topic, { bytesMax: number; handler: MessageHandler }>;
  readonly served: Map<RequestKind, RequestHandler>;
  readonly seen: Set<string>;
  readonly order: AskingOrder;
};

/**
 * Every host is connected to every other. Messages take a drawn time, can be lost or held up, and travel on when a host
 * accepts them, as gossip does. The same bytes reach a host's handler once.
 */
export class SimNetwork {
  readonly #peers = new Map<string, Peer>();
  readonly #clock: VirtualClock;
  readonly #seed: number;
  #sent = 0;
  /** Extra delay of a hop in ms, or 'lost'. */
  fate: (hop: Hop) => number | 'lost' = () => 0;
  /** A hop that comes once more after so many ms, to a host that has forgotten that it saw the message. */
  again: (hop: Hop) => number | undefined = () => undefined;
  /** Whether two hosts can talk at all. */
  connected: (a: string, b: string) => boolean = () => true;
  /** Called with every message that a host publishes itself, before it leaves. */
  onPublish: (from: string, topic: Topic, data: Uint8Array) => void = () => {};
  /** Called with every request that a host makes, before it leaves. */
  onRequest: (from: string) => void = () => {};
  /** Called with every message that enters the network, whoever made it. */
  tap: (from: string, topic: Topic, data: Uint8Array) => void = () => {};
  /** Called with every answer to a request. */
  tapAnswer: (from: string, kind: RequestKind, data: Uint8Array) => void = () => {};
  /** Hosts whose own messages go to somebody else instead of to their peers: what their process says is not what they send. */
  readonly captured = new Map<string, (topic: Topic, data: Uint8Array) => void>();
  /** Called when a host has judged a message. */
  onJudged: (delivered: Delivered) => void = () => {};
  /** False where a world is long and nobody reads what follows. */
  isRecording = true;
  readonly delivered: Delivered[] = [];
  /** What hosts published themselves, in order. */
  readonly published: { from: string; topic: Topic; data: Uint8Array }[] = [];
  /** What a host was last told about the seats' addresses. */
  readonly known = new Map<string, readonly Contact[]>();
  /** How a host answers requests, given what it would really answer; undefined is «I do not have that». */
  answers = new Map<
    string,
    (kind: RequestKind, request: Uint8Array, truth: Uint8Array | undefined) => Uint8Array | 'hangs' | undefined
  >();

  constructor(clock: VirtualClock, seed: number) {
    this.#clock = clock;
    this.#seed = seed;
  }

  /** A host that joins under a name that is in use takes its place: the process was started again. */
  join(self: string, clock: HostClock): Network {
    const random = () => mixBelow(1_000_000, this.#seed, this.#sent++) / 1_000_000;
    const peer: Peer = { clock, topics: new Map(), served: new Map(), seen: new Set(), order: new AskingOrder(random) };
    this.#peers.set(self, peer);
    let stopped = false;
    const alive = () => {
      if (stopped) throw new PlumblineError('network-stopped', 'the network is stopped');
    };
    return {
      self,
      publish: async (topic, data) => {
        alive();
        if (clock.dead) return;
        this.onPublish(self, topic, data);
        if (clock.dead) return;
        const capture = this.captured.get(self);
        if (capture) return capture(topic, data.slice());
        if (this.isRecording) this.published.push({ from: self, topic, data: data.slice() });
        this.spread(self, topic, data.slice());
      },
      subscribe: (topic, bytesMax, handler) => {
        if (peer.topics.has(topic)) throw new PlumblineError('network-duplicate-handler', topic);
        peer.topics.set(topic, { bytesMax, handler });
      },
      serve: async (kind, _bytesMax, handler) => {
        if (peer.served.has(kind)) throw new PlumblineError('network-duplicate-handler', kind);
        peer.served.set(kind, handler);
      },
      request: (kind, request, options) => {
        this.onRequest(self);
        return this.#request(self, clock, kind, request, options);
      },
      know: (contacts) => void this.known.set(self, contacts),
      peers: () => this.#others(self),
      addresses: () => [],
      stop: async () => {
        stopped = true;
        if (this.#peers.get(self) === peer) this.#peers.delete(self);
      },
    };
  }

  /** Puts a message into one host's hands, whoever seems to send it. */
  inject(from: string, to: string, topic: Topic, data: Uint8Array): void {
    this.tap(from, topic, data);
    this.#deliver({ from, to, topic, data, id: idOf(topic, data) });
  }

  /** Gossips a message to every peer of a host, or to some. */
  spread(from: string, topic: Topic, data: Uint8Array, to?: ReadonlySet<string>): void {
    this.tap(from, topic, data);
    this.#send(from, topic, data, from, idOf(topic, data), to);
  }

  #others(self: string): string[] {
    // A process that ended has no connections: its kernel closes them.
    return [...this.#peers].flatMap(([other, { clock }]) =>
      other !== self && !clock.dead && this.connected(self, other) ? [other] : [],
    );
  }

  /** @param origin where this host has it from: it does not go back there */
  #send(from: string, topic: Topic, data: Uint8Array, origin: string, id: string, only?: ReadonlySet<string>): void {
    this.#peers.get(from)?.seen.add(id);
    for (const to of this.#others(from)) {
      if (only && !only.has(to)) continue;
      const peer = this.#peers.get(to);
      if (to === origin || (peer && !peer.clock.dead && peer.seen.has(id))) continue;
      const hop = { from, to, topic, data, id };
      const extra = this.fate(hop);
      if (extra === 'lost') continue;
      const delay = DELAY_MILLIS_MIN + mixBelow(DELAY_MILLIS_SPREAD, this.#seed, this.#sent++) + extra;
      this.#clock.after(delay, () => this.#deliver(hop));
      const again = this.again(hop);
      if (again === undefined) continue;
      this.#clock.after(delay + again, () => {
        this.#peers.get(to)?.seen.delete(id);
        return this.#deliver(hop);
      });
    }
  }

  #deliver(hop: Hop): typeof IDLE | undefined {
    const { from, to, topic, data, id } = hop;
    const peer = this.#peers.get(to);
    if (!peer || peer.clock.dead || peer.seen.has(id) || !this.connected(from, to)) return IDLE;
    peer.seen.add(id);
    const subscription = peer.topics.get(topic);
    if (!subscription) return IDLE;
    peer.clock.run(() => {
      const judge = async () => {
        if (data.length > subscription.bytesMax) return { kind: 'reject', code: 'too-large' } as const;
        return subscription.handler(from, data.slice());
      };
      void judge().then((verdict) => {
        if (peer.clock.dead) return;
        const judged = { ...hop, verdict: verdict.kind === 'accept' ? 'accept' : verdict.code };
        if (this.isRecording) this.delivered.push(judged);
        this.onJudged(judged);
        if (verdict.kind === 'accept') this.#send(to, topic, data, from, id);
      });
    });
    return undefined;
  }

  async #request(
    self: string,
    clock: HostClock,
    kind: RequestKind,
    request: Uint8Array,
    options: RequestOptions,
  ): Promise<Uint8Array | undefined> {
    const order = this.#peers.get(self)!.order;
    const asked = options.peer === undefined ? order.of(this.#others(self)) : [options.peer];
    for (const other of asked) {
      const answer = await this.#ask(self, other, clock, kind, request, options.timeoutMillis);
      const isWanted =
        answer !== undefined &&
        answer.length > 0 &&
        answer.length <= options.maxBytes &&
        (options.accept?.(answer) ?? true);
      order.note(other, isWanted || answer?.length === 0);
      if (isWanted) return answer;
    }
    return undefined;
  }

  /** An empty answer is «I do not have that»; undefined is none. */
  #ask(self: string, to: string, clock: HostClock, kind: RequestKind, request: Uint8Array, timeoutMillis: number) {
    return new Promise<Uint8Array | undefined>((resolve) => {
      const peer = this.#peers.get(to);
      const timeout = clock.after(timeoutMillis, () => resolve(undefined));
      const answer = (bytes: Uint8Array | undefined) =>
        clock.after(DELAY_MILLIS_MIN, () => {
          timeout.cancel();
          if (bytes) this.tapAnswer(to, kind, bytes);
          resolve(bytes?.slice() ?? new Uint8Array());
        });
      this.#clock.after(DELAY_MILLIS_MIN, () => {
        if (!peer || peer.clock.dead || !this.connected(self, to)) return;
        const scripted = this.answers.get(to) ?? ((_kind, _request, truth) => truth);
        const say = (truth: Uint8Array | undefined) => {
          const said = scripted(kind, request, truth);
          if (said !== 'hangs') answer(said);
        };
        const found = () => peer.served.get(kind)?.(self, request) ?? Promise.resolve(undefined);
        peer.clock.run(() => void found().then(say, () => say(undefined)));
      });
    });
  }
}

/** Names topic and bytes. */
export function idOf(topic: Topic, data: Uint8Array): string {
  return `${topic}/${toHex(keccak(data))}`;
}
