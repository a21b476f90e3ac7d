import fc from 'fast-check';
import type { Bounds, DevnetEvent, ServiceRow } from '../../../dashboard/model.ts';
import { INFINITE_MICROS } from '../../../protocol/histogram.ts';

export const HASH = `0xabcdef0123456789${'0'.repeat(48)}`;

export const bounds = (value: number, lower: number, upper: number): Bounds => ({ value, lower, upper });

export function service(name: string, row: Partial<ServiceRow> = {}): ServiceRow {
  return {
    name,
    availabilityPpm: bounds(992_345, 971_234, 998_900),
    latencyP50Us: bounds(20_912, 20_104, 21_811),
    latencyP99Us: undefined,
    watchersValid: 7,
    watchersAssigned: 7,
    samples: { good: 212, bad: 2, unknown: 0, fault: 0 },
    spreadPpm: 0,
    ...row,
  };
}

export function report(epoch: number, services: ServiceRow[], view = 0, signers = 7): DevnetEvent {
  const row = { epoch, view, signers, watchers: 7, gasUsed: 168_211, resultsRoot: HASH, txHash: HASH };
  return { type: 'report', report: { ...row, latencyMillis: 1_900 }, services };
}

function settlement(name: string, outcome: string, provider: string, customer: string, slashed: string): DevnetEvent {
  const amounts = { paidToProvider: provider, returnedToCustomer: customer, slashed };
  return { type: 'settlement', settlement: { service: name, period: 0, outcome, ...amounts, txHash: HASH } };
}

const slow = service('slow', { latencyP50Us: bounds(410_211, 402_104, 418_444) });
const flaky = service('flaky', {
  availabilityPpm: bounds(712_000, 651_400, 768_900),
  latencyP50Us: bounds(INFINITE_MICROS, 401_000, INFINITE_MICROS),
});

/** A short life of a devnet with everything in it that a person can see. */
export const STORY: readonly DevnetEvent[] = [
  { type: 'step', text: 'compile the contracts', done: false, atMillis: 0 },
  { type: 'step', text: 'compile the contracts', done: true, atMillis: 3_210 },
  ...[0, 1, 2, 3, 4, 5, 6].map((id): DevnetEvent => ({ type: 'watcher', id, state: 'up' })),
  { type: 'ready', directory: '/tmp/devnet', rpc: 'http://127.0.0.1:8545', atMillis: 9_000 },
  report(0, [
    service('healthy', { availabilityPpm: bounds(1_000_000, 986_000, 1_000_000) }),
    slow,
    service('flaky', {
      availabilityPpm: undefined,
      latencyP50Us: undefined,
      watchersValid: 0,
      samples: { good: 3, bad: 1, unknown: 4, fault: 0 },
    }),
  ]),
  { type: 'watcher', id: 3, state: 'killed' },
  {
    type: 'note',
    text: 'Watcher 3 was killed; six of seven still hold more than two thirds of the stake, so reports go on.',
  },
  report(1, [service('healthy', { latencyP99Us: bounds(31_000, 30_000, 33_000) }), slow, flaky], 1, 6),
  settlement('healthy', 'met', '10.00', '0.00', '0.00'),
  settlement('slow', 'breached', '0.00', '10.00', '25.00'),
  settlement('flaky', 'credited', '8.00', '2.00', '0'),
  {
    type: 'missed',
    epoch: 2,
    reason: 'only 4 of 7 watchers attested, a report needs more than two thirds of the stake',
  },
  { type: 'watcher', id: 5, state: 'lying' },
  { type: 'provider', name: 'healthy', text: 'answers after 600 ms from now on' },
  report(3, [service('healthy', { spreadPpm: 512_000 }), slow, flaky]),
];

/** Any text, often with something in it that a terminal would obey. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '\x1b[2J',
    'a\x1b]0;title\x07b',
    '\x9b31m',
    'two\nlines\r',
    '測定 🚀 ok',
    '\u202egnorw',
    'x'.repeat(900),
  ),
  fc.lorem({ maxCount: 30 }),
);
const ppm = fc.nat(1_000_000);
const micros = fc.oneof(fc.nat(60_000_000), fc.constant(INFINITE_MICROS));
const boundsOf = (value: fc.Arbitrary<number>) =>
  fc.option(fc.record({ value, lower: value, upper: value }), { nil: undefined });
const count = fc.oneof(fc.nat(20), fc.nat(1_000_000));
const atMillis = fc.nat(10_000_000);
const serviceRow: fc.Arbitrary<ServiceRow> = fc.record({
  name: text,
  availabilityPpm: boundsOf(ppm),
  latencyP50Us: boundsOf(micros),
  latencyP99Us: boundsOf(micros),
  watchersValid: fc.nat(512),
  watchersAssigned: fc.nat(512),
  samples: fc.record({ good: count, bad: count, unknown: count, fault: count }),
  spreadPpm: ppm,
});
const reportRow = fc.record({
  epoch: count,
  view: fc.nat(9),
  gasUsed: count,
  signers: fc.nat(512),
  watchers: fc.nat(512),
  resultsRoot: text,
  txHash: text,
  latencyMillis: count,
});
const settlementRow = fc.record({
  service: text,
  period: count,
  outcome: fc.oneof(fc.constantFrom('met', 'breached', 'inconclusive'), text),
  paidToProvider: text,
  returnedToCustomer: text,
  slashed: text,
  txHash: text,
});

export const anyEvent: fc.Arbitrary<DevnetEvent> = fc.oneof(
  fc.record({ type: fc.constant('step' as const), text, done: fc.boolean(), atMillis }),
  fc.record({ type: fc.constant('ready' as const), directory: text, rpc: text, atMillis }),
  fc.record({
    type: fc.constant('report' as const),
    report: reportRow,
    services: fc.array(serviceRow, { maxLength: 40 }),
  }),
  fc.record({ type: fc.constant('missed' as const), epoch: count, reason: text }),
  fc.record({ type: fc.constant('settlement' as const), settlement: settlementRow }),
  fc.record({
    type: fc.constant('watcher' as const),
    id: fc.nat(600),
    state: fc.constantFrom('starting' as const, 'up' as const, 'lying' as const, 'killed' as const),
  }),
  fc.record({ type: fc.constant('provider' as const), name: text, text }),
  fc.record({ type: fc.constant('note' as const), text }),
  fc.record({ type: fc.constant('stopping' as const), text }),
);
