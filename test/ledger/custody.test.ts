import { beforeEach, describe, expect, test } from 'vitest';
import { batchKey, Custody, PRUNE_ROWS_MAX } from '../../ledger/custody.ts';
import { FETCH_TIMEOUT_MILLIS, Fetch, STATE_TIMEOUT_MILLIS } from '../../ledger/fetch.ts';
import { ASK_AGAIN_MILLIS, ASKING_MAX, Wanted } from '../../ledger/wanted.ts';
import type { Network, RequestHandler, RequestKind, RequestOptions } from '../../platform/network/network.ts';
import { memoryStore } from '../../platform/store/memory.ts';
import type { Store } from '../../platform/store/store.ts';
import { decodeBatch } from '../../protocol/batch.ts';
import { encodeObservations } from '../../protocol/record.ts';
import { decodeReveal, encodeReveal } from '../../protocol/reveal.ts';
import { encodeState } from '../../protocol/state.ts';
import { type Bench, createBench } from '../support/simnet/bench.ts';
import { settle } from '../support/simnet/clock.ts';
import { hear, type PastEpoch, past } from '../support/simnet/past.ts';
import { draw } from '../support/simnet/random.ts';

const RETENTION = 16;
let bench: Bench;
let store: Store;
let custody: Custody;
let epochs: PastEpoch[];
let served: Map<RequestKind, RequestHandler>;
/** What peers answer, in the order in which they are asked. */
let answers: (Uint8Array | undefined)[];
let asked: { kind: RequestKind; request: Uint8Array; options: RequestOptions }[];
let network: Network;

beforeEach(() => {
  bench = createBench(0);
  epochs = past(bench, [0, 1]);
  store = memoryStore();
  custody = new Custody(store, RETENTION);
  served = new Map();
  answers = [];
  asked = [];
  network = {
    serve: async (kind: RequestKind, _bytesMax: number, handler: RequestHandler) => void served.set(kind, handler),
    request: async (kind: RequestKind, request: Uint8Array, options: RequestOptions) => {
      asked.push({ kind, request, options });
      return answers.find((answer) => answer !== undefined && (options.accept?.(answer) ?? true));
    },
  } as unknown as Network;
});

const ask = (kind: RequestKind, request: Uint8Array) => served.get(kind)!('peer', request);

describe('what is served', () => {
  beforeEach(() => custody.serve(network, (epoch, hash) => bench.pool.revealOf(epoch, hash)?.bytes));

  test('is a batch by its epoch and hash, from the disk', async () => {
    const { batchHash } = epochs[0]!.observations[0]!;
    await custody.keepReveal(0, batchHash, epochs[0]!.reveals[0]!);
    expect(await ask('batch', batchKey(0, batchHash))).toEqual(epochs[0]!.reveals[0]);
    expect(await ask('batch', batchKey(1, batchHash))).toBeUndefined();
    expect(await ask('batch', batchHash)).toBeUndefined();
    expect(await ask('batch', new Uint8Array(40).fill(255))).toBeUndefined();
  });

  test('is a batch that was only heard so far', async () => {
    const { observation, reveal, batch } = bench.sealed(2);
    bench.pool.addReveal({ observation, batch, bytes: reveal, heardAt: 0 });
    expect(await ask('batch', batchKey(0, observation.batchHash))).toEqual(reveal);
  });

  test('is written once, other bytes again, and a failed write is repeated', async () => {
    const { batchHash } = epochs[0]!.observations[0]!;
    const [bytes, copy] = [epochs[0]!.reveals[0]!, epochs[0]!.reveals[0]!.slice()];
    const { put } = store;
    const written: Uint8Array[] = [];
    store.put = async (bucket, key, value, options) => {
      written.push(value);
      if (written.length === 1) throw new Error('no space left on device');
      await put(bucket, key, value, options);
    };
    await expect(custody.keepReveal(0, batchHash, bytes)).rejects.toThrow('no space');
    await custody.keepReveal(0, batchHash, bytes);
    await custody.keepReveal(0, batchHash, bytes);
    await custody.keepReveal(0, batchHash, copy);
    expect(written.map((one) => one === copy)).toEqual([false, false, true]);
    expect(await ask('batch', batchKey(0, batchHash))).toEqual(bytes);
  });

  test('are the observations of a report', async () => {
    const { observations, report } = epochs[0]!;
    await custody.keepObservations(0, report.hash, observations);
    expect(await ask('epoch', report.hash)).toEqual(encodeObservations(observations));
    expect(await ask('epoch', draw(1, 'other'))).toBeUndefined();
    expect(await ask('epoch', report.hash.slice(1))).toBeUndefined();
  });

  test('is the latest state, to whoever asks for that and no other', async () => {
    expect(await ask('state', epochs[0]!.report.hash)).toBeUndefined();
    await custody.keepState(epochs[1]!.report.next);
    expect(await ask('state', epochs[1]!.report.hash)).toEqual(encodeState(epochs[1]!.report.next));
    expect(await ask('state', epochs[0]!.report.hash)).toBeUndefined();
    expect(await ask('state', new Uint8Array())).toBeUndefined();
  });
});

describe('retention', () => {
  const keep = (epoch: number, name: string) => custody.keepReveal(epoch, draw(epoch, name), Uint8Array.of(1));
  const rows = async () => (await store.range('batch', { limit: 10_000 })).length;

  test('batches older than the period are forgotten, the others kept', async () => {
    for (const epoch of [0, 3, 4, 5, 20]) await keep(epoch, 'a');
    await custody.prune(RETENTION);
    expect(await rows()).toBe(5);
    await custody.prune(4 + RETENTION);
    expect(await rows()).toBe(3);
    expect(await custody.reveal(4, draw(4, 'a'))).toBeDefined();
    expect(await custody.reveal(3, draw(3, 'a'))).toBeUndefined();
  });

  test('observation sets are forgotten with the batches of their epoch', async () => {
    const { observations } = epochs[0]!;
    for (const epoch of [3, 4, 5]) await custody.keepObservations(epoch, draw(epoch, 'report'), observations);
    // Another report of the epoch, on a branch that the chain dropped.
    await custody.keepObservations(3, draw(3, 'branch'), observations);
    await custody.serve(network, () => undefined);
    await custody.prune(4 + RETENTION);
    for (const name of ['report', 'branch']) expect(await ask('epoch', draw(3, name))).toBeUndefined();
    for (const epoch of [4, 5]) expect(await ask('epoch', draw(epoch, 'report'))).toBeDefined();
    expect(await store.range('report', { limit: 10 })).toHaveLength(2);
    expect(await store.range('reportEpoch', { limit: 10 })).toHaveLength(2);
  });

  test('keeps up with the largest set, and a long gap is worked off in pieces', async () => {
    for (let i = 0; i < PRUNE_ROWS_MAX + 500; i++) await keep(0, `batch ${i}`);
    await custody.prune(100);
    expect(await rows()).toBe(500);
    await custody.prune(101);
    expect(await rows()).toBe(0);
  });
});

describe('fetching', () => {
  let fetch: Fetch;
  beforeEach(() => {
    const { pool, bls, facts, epochFacts } = bench;
    fetch = new Fetch({ network, pool, custody, bls, domain: facts.domain, epochFacts });
  });
  const [seat] = [1];
  const observation = () => epochs[0]!.observations[seat]!;
  const reveal = () => epochs[0]!.reveals[seat]!;
  /** The same reveal, its commit signed with another seat's key. */
  const signedBy = (other: number, bytes: Uint8Array) => {
    const opened = decodeReveal(bytes);
    const { signature } = bench.by(other).commit(opened.commit.epoch, opened.commit.commitment);
    return encodeReveal({ ...opened, commit: { ...opened.commit, signature } });
  };

  test('a batch takes the pool first, then the disk, then a peer', async () => {
    answers = [reveal()];
    expect(await fetch.reveal(0, observation())).toEqual(reveal());
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ kind: 'batch', request: batchKey(0, observation().batchHash) });
    expect(asked[0]!.options.timeoutMillis).toBe(FETCH_TIMEOUT_MILLIS);
    await custody.keepReveal(0, observation().batchHash, reveal());
    expect(await fetch.reveal(0, observation())).toEqual(reveal());
    hear(bench, epochs[0]!);
    expect(await fetch.reveal(0, observation())).toEqual(reveal());
    expect(asked).toHaveLength(1);
  });

  test('a batch on the disk whose commit is not signed by its watcher is fetched anew', async () => {
    await custody.keepReveal(0, observation().batchHash, signedBy(2, reveal()));
    answers = [reveal()];
    expect(await fetch.reveal(0, observation())).toEqual(reveal());
  });

  test('the same batch under another commit, as the pool may hold it, is not what was observed', async () => {
    const other = bench.by(seat).sealed(decodeBatch(decodeReveal(reveal()).batch), draw(1, 'another salt'));
    bench.pool.addReveal({ observation: other.observation, batch: other.batch, bytes: other.reveal, heardAt: 0 });
    answers = [other.reveal, reveal()];
    expect(await fetch.reveal(0, observation())).toEqual(reveal());
  });

  test('of a seat that the set does not have nothing is asked', async () => {
    expect(await fetch.reveal(0, { ...observation(), seat: 9 })).toBeUndefined();
    expect(asked).toEqual([]);
  });

  test('the observations of a report are read from the disk first, unless they are damaged there', async () => {
    const { landed, observations } = epochs[0]!;
    await custody.keepObservations(0, landed.reportHash, observations);
    expect(await fetch.observations(landed)).toEqual(observations);
    expect(asked).toEqual([]);
    await custody.keepObservations(0, landed.reportHash, observations.slice(1));
    answers = [encodeObservations(observations)];
    expect(await fetch.observations(landed)).toEqual(observations);
  });

  test('a batch on the disk that was damaged is fetched anew', async () => {
    await custody.keepReveal(0, observation().batchHash, draw(1, 'damage'));
    answers = [reveal()];
    expect(await fetch.reveal(0, observation())).toEqual(reveal());
  });

  test.each<[string, () => Uint8Array]>([
    ['junk', () => draw(1, 'junk')],
    ['another watcher’s', () => epochs[0]!.reveals[2]!],
    ['another epoch’s', () => epochs[1]!.reveals[1]!],
    ['one with another salt', () => encodeReveal({ ...decodeReveal(reveal()), salt: draw(1, 'salt') })],
    [
      'one under another commitment',
      () => {
        const opened = decodeReveal(reveal());
        return encodeReveal({ ...opened, commit: { ...opened.commit, commitment: draw(1, 'c') } });
      },
    ],
    [
      'one whose commit has another signature',
      () => {
        const opened = decodeReveal(reveal());
        return encodeReveal({ ...opened, commit: { ...opened.commit, signature: new Uint8Array(48).fill(9) } });
      },
    ],
    ['one whose commit is signed by another seat', () => signedBy(2, reveal())],
    ['nothing', () => new Uint8Array()],
  ])('a lying peer’s batch is passed over: %s', async (_what, lie) => {
    answers = [lie(), reveal()];
    expect(await fetch.reveal(0, observation())).toEqual(reveal());
    answers = [lie()];
    expect(await fetch.reveal(0, observation())).toBeUndefined();
  });

  test.each<[string, () => Uint8Array]>([
    ['junk', () => draw(1, 'junk')],
    ['fewer', () => encodeObservations(epochs[0]!.observations.slice(1))],
    ['another epoch’s', () => encodeObservations(epochs[1]!.observations)],
    ['the same in another order', () => encodeObservations([...epochs[0]!.observations].reverse())],
  ])('a lying peer’s observations are passed over: %s', async (_what, lie) => {
    const truth = encodeObservations(epochs[0]!.observations);
    answers = [lie(), truth];
    expect(await fetch.observations(epochs[0]!.landed)).toEqual(epochs[0]!.observations);
    answers = [lie()];
    expect(await fetch.observations(epochs[0]!.landed)).toBeUndefined();
  });

  test('a state is asked for by its report, with time for its size', async () => {
    const seen: Uint8Array[] = [];
    answers = [draw(1, 'a'), draw(1, 'b')];
    await fetch.state(epochs[1]!.report.hash, (bytes) => seen.push(bytes) === 2);
    expect(seen).toEqual([draw(1, 'a'), draw(1, 'b')]);
    expect(asked[0]).toMatchObject({ kind: 'state', request: epochs[1]!.report.hash });
    expect(asked[0]!.options.timeoutMillis).toBe(STATE_TIMEOUT_MILLIS);
  });
});

describe('wanting a batch', () => {
  type Asked = { key: string; answer: PromiseWithResolvers<Uint8Array | undefined> };
  let open: Asked[];
  let taken: Uint8Array[];
  let wanted: Wanted;
  beforeEach(() => {
    open = [];
    taken = [];
    const reveal = (epoch: number, { seat }: { seat: number }) => {
      const answer = Promise.withResolvers<Uint8Array | undefined>();
      open.push({ key: `${epoch}/${seat}`, answer });
      return answer.promise;
    };
    const take = async (_from: string, bytes: Uint8Array) => {
      taken.push(bytes);
      return { kind: 'accept' } as const;
    };
    wanted = new Wanted({ reveal }, take, bench.clock);
  });
  const observationOf = (seat: number) => ({ ...epochs[0]!.observations[0]!, seat, batchHash: draw(seat, 'hash') });

  test('asks in the background, once however often it is wanted, and takes what comes', async () => {
    for (let i = 0; i < 3; i++) wanted.ask(0, observationOf(1));
    wanted.ask(0, observationOf(2));
    expect(open.map(({ key }) => key)).toEqual(['0/1', '0/2']);
    open[0]!.answer.resolve(Uint8Array.of(7));
    await settle();
    expect(taken).toEqual([Uint8Array.of(7)]);
  });

  test('asks again for what nobody had, but not at once', async () => {
    wanted.ask(0, observationOf(1));
    open[0]!.answer.resolve(undefined);
    await settle();
    wanted.ask(0, observationOf(1));
    expect(open).toHaveLength(1);
    await bench.clock.advance(ASK_AGAIN_MILLIS);
    wanted.ask(0, observationOf(1));
    expect(open).toHaveLength(2);
    expect(taken).toEqual([]);
  });

  test('a failure is no failure of whoever wanted it', async () => {
    wanted.ask(0, observationOf(1));
    open[0]!.answer.reject(new Error('the store is closed'));
    await settle();
    await bench.clock.advance(ASK_AGAIN_MILLIS);
    wanted.ask(0, observationOf(1));
    expect(open).toHaveLength(2);
  });

  test('asks for a bounded number at a time', async () => {
    for (let seat = 0; seat < ASKING_MAX + 10; seat++) wanted.ask(0, observationOf(seat));
    expect(open).toHaveLength(ASKING_MAX);
    for (const { answer } of open) answer.resolve(undefined);
    await settle();
    wanted.ask(0, observationOf(ASKING_MAX + 1));
    expect(open).toHaveLength(ASKING_MAX + 1);
  });
});
