import type { Clock } from '../../../platform/clock.ts';
import type { ProbeLog } from '../engine.ts';
import { TEXT_CHARACTERS_MAX, WARNINGS_PER_MINUTE } from './messages.ts';

const MINUTE_MICROS = 60_000_000;

/** A log whose lines are plain short texts, at most WARNINGS_PER_MINUTE of them; the next line after a gap says how many are missing. */
export function boundedWarnings(
  clock: Clock,
  hand: (fields: Record<string, string>, message: string) => void,
): ProbeLog {
  let sinceMicros = clock.monotonicMicros();
  let count = 0;
  let suppressed = 0;
  return {
    warn: (fields, message) => {
      const now = clock.monotonicMicros();
      if (now - sinceMicros >= MINUTE_MICROS) {
        sinceMicros = now;
        count = 0;
      }
      count += 1;
      if (count > WARNINGS_PER_MINUTE) {
        suppressed += 1;
        return;
      }
      const texts = Object.entries(fields).map(([name, value]) => [name, textOf(value)] as const);
      if (suppressed > 0) texts.push(['suppressed', String(suppressed)]);
      suppressed = 0;
      hand(Object.fromEntries(texts), message.slice(0, TEXT_CHARACTERS_MAX));
    },
  };
}

function textOf(value: unknown): string {
  const text =
    typeof value === 'string'
      ? value
      : JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? String(one) : one));
  return String(text).slice(0, TEXT_CHARACTERS_MAX);
}
