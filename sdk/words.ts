import { METRIC } from '../protocol/metric.ts';
import { VERDICT } from '../protocol/settlement.ts';

const AGREEMENT_STATUS = ['none', 'offered', 'withdrawn', 'active', 'closed'];
const INTENT_STATUS = ['none', 'open', 'cancelled', 'matched', 'lapsed'];
/** Arguments that are Unix seconds; the contracts' other times are epochs. */
const UNIX_SECONDS: ReadonlySet<string> = new Set(['deadline', 'endsAt', 'observedAt']);
/** Beyond it JavaScript knows no date. */
const UNIX_SECONDS_MAX = 8_640_000_000_000n;

/** The arguments of a contract's error as somebody would say them: `current epoch 5, settleable from 7`. */
export function argumentsInWords(errorName: string, args: Readonly<Record<string, unknown>>): string {
  return Object.entries(args)
    .map(([name, value]) => `${nameInWords(name)} ${valueInWords(errorName, name, value)}`)
    .join(', ');
}

function nameInWords(name: string): string {
  return name
    .replace(/_$/, '')
    .replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .trim();
}

function valueInWords(errorName: string, name: string, value: unknown): string {
  if (typeof value === 'string') return value.startsWith('0x') ? value : JSON.stringify(value);
  if (typeof value !== 'number' && typeof value !== 'bigint') return String(value);
  const named = nameOf(errorName, name, Number(value));
  if (named !== undefined) return `${value} (${named})`;
  if (UNIX_SECONDS.has(name) && BigInt(value) <= UNIX_SECONDS_MAX) {
    return `${value} (${new Date(Number(value) * 1000).toISOString()})`;
  }
  return String(value);
}

function nameOf(errorName: string, name: string, value: number): string | undefined {
  if (errorName === 'WrongStatus' && name !== 'id') return AGREEMENT_STATUS[value];
  if (errorName === 'WrongIntentStatus' && name !== 'intentId') return INTENT_STATUS[value];
  if (name === 'outcome') return keyOf(VERDICT, value);
  return name === 'metric' ? keyOf(METRIC, value) : undefined;
}

function keyOf(numbers: Readonly<Record<string, number>>, value: number): string | undefined {
  return Object.entries(numbers).find(([, number]) => number === value)?.[0];
}
