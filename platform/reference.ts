import type { Clock } from './clock.ts';
import { askNtp, type NtpAnswer, type NtpServer, type Offset } from './sntp.ts';

/**
 * What time it is by others: several NTP servers, of which more than half must agree. Between two questions the monotonic clock
 * carries the answer on, so a wall clock that jumps is noticed at the next look, without asking anybody.
 */
export interface Reference {
  /** Asks all servers, unless it did a moment ago. Never rejects. */
  refresh(): Promise<void>;
  /** By how much our clock is behind now; undefined while no majority agreed within STALE_MILLIS. */
  offset(): Offset | undefined;
}

/** RFC 4330, section 10, allows a question every 15 s; the poll of 64 s is what NTP clients begin with. */
export const NTP_APART_MILLIS = 64_000;
/** A server that sent a kiss-o'-death is left alone for so long. */
export const NTP_KISS_MILLIS = 3_600_000;
/** Fewer than three have no majority that one liar cannot spoil. */
export const NTP_SERVERS_MIN = 3;
/** As many liars as anybody has to survive, three of eight; more would be load without a gain. */
export const NTP_SERVERS_MAX = 8;
/** An answer older than this says nothing any more: some 14 questions have failed since. */
export const STALE_MILLIS = 900_000;
/** What the monotonic clock may drift between questions: RFC 5905 calls 15 typical, cheap oscillators have 100. */
export const DRIFT_PPM_MAX = 100;

type Ask = (server: NtpServer, clock: Clock) => Promise<NtpAnswer>;

export function createReference(servers: readonly NtpServer[], clock: Clock, ask: Ask = askNtp): Reference {
  const asked = servers.slice(0, NTP_SERVERS_MAX);
  /** By index of the server, when it may be asked again. */
  const quietUntil = new Map<number, number>();
  let askedMicros = Number.NEGATIVE_INFINITY;
  let known: (Offset & { micros: number; unixMillis: number }) | undefined;

  const askOne = async (server: NtpServer, index: number): Promise<Offset | undefined> => {
    if (clock.monotonicMicros() < (quietUntil.get(index) ?? Number.NEGATIVE_INFINITY)) return undefined;
    const answer = await ask(server, clock);
    if (answer.kind === 'kiss') quietUntil.set(index, clock.monotonicMicros() + NTP_KISS_MILLIS * 1_000);
    return answer.kind === 'offset' ? answer : undefined;
  };

  return {
    refresh: async () => {
      const micros = clock.monotonicMicros();
      if (asked.length === 0 || micros - askedMicros < NTP_APART_MILLIS * 1_000) return;
      askedMicros = micros;
      const wallMillis = clock.now() - micros / 1_000;
      const answers = await Promise.all(asked.map(askOne));
      // A clock that jumped in between gave some of them another zero.
      if (Math.abs(clock.now() - clock.monotonicMicros() / 1_000 - wallMillis) > JUMP_MILLIS_MAX) return;
      const agreed = agree(
        answers.filter((answer) => answer !== undefined),
        asked.length,
      );
      if (agreed === undefined) return;
      const now = clock.monotonicMicros();
      known = { ...agreed, micros: now, unixMillis: clock.now() + agreed.offsetMillis };
    },
    offset: () => {
      if (known === undefined) return undefined;
      const agoMillis = (clock.monotonicMicros() - known.micros) / 1_000;
      if (agoMillis > STALE_MILLIS) return undefined;
      return {
        offsetMillis: known.unixMillis + agoMillis - clock.now(),
        radiusMillis: known.radiusMillis + (agoMillis * DRIFT_PPM_MAX) / 1_000_000,
      };
    },
  };
}

/** Wall and monotonic clock may part by so much while the servers answer: whole milliseconds, and a clock that is slewed. */
export const JUMP_MILLIS_MAX = 10;

/**
 * The smallest interval in which more than half of all servers asked agree (Marzullo). At least one of these is honest while
 * fewer than half lie, so the true offset is at most as far away as that one's own interval reaches.
 */
export function agree(offsets: readonly Offset[], asked: number): Offset | undefined {
  const edges = offsets
    .flatMap(({ offsetMillis, radiusMillis }) => [
      { at: offsetMillis - radiusMillis, step: 1 },
      { at: offsetMillis + radiusMillis, step: -1 },
    ])
    .sort((a, b) => a.at - b.at || b.step - a.step);
  let depth = 0;
  let best: { depth: number; from: number; to: number } | undefined;
  for (const [i, { at, step }] of edges.entries()) {
    depth += step;
    const to = edges[i + 1]?.at;
    if (step < 0 || to === undefined || 2 * depth <= asked) continue;
    const isBetter =
      best === undefined || depth > best.depth || (depth === best.depth && to - at < best.to - best.from);
    if (isBetter) best = { depth, from: at, to };
  }
  return best && { offsetMillis: (best.from + best.to) / 2, radiusMillis: (best.to - best.from) / 2 };
}
