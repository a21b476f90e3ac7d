import type { Term, Version } from '../support/simnet/simnet.ts';
import type { Rng } from './rng.ts';

export type Membership = {
  readonly versions: readonly Version[];
  /** When each process first starts, ms after genesis; 0 is before genesis. */
  readonly startsAt: readonly number[];
};

/** A process starts so many epochs before its first seat: it listens for one, and measures from the next whole one on. */
const LEAD_EPOCHS = { min: 3, max: 5 } as const;

/**
 * Who has a seat from which epoch on: in half of the worlds watchers join and leave, also after the healing. Every set keeps
 * half of the honest seats at least.
 */
export function membershipOf(
  rng: Rng,
  seats: readonly number[],
  liars: readonly number[],
  epochMillis: number,
): Membership {
  const honest = seats.filter((seat) => !liars.includes(seat));
  const isSound = (set: readonly number[]) =>
    set.length >= 3 && 2 * set.filter((seat) => honest.includes(seat)).length >= honest.length;
  const changes = rng.percent(50) ? 0 : rng.between(1, 3);
  let set = toggled(rng, seats, changes > 0 ? seats : [], isSound);
  let fromEpoch = 0;
  const versions: Version[] = [{ fromEpoch, seats: set }];
  for (let i = 0; i < changes; i++) {
    fromEpoch += rng.between(1, 5);
    set = toggled(rng, set, seats, isSound);
    versions.push({ fromEpoch, seats: set });
  }
  const startsAt = seats.map((seat) => {
    const first = versions.find((version) => version.seats.includes(seat))?.fromEpoch ?? 0;
    const start = (first - rng.between(LEAD_EPOCHS.min, LEAD_EPOCHS.max)) * epochMillis;
    return start <= 0 ? 0 : start + rng.below(epochMillis / 2);
  });
  return { versions, startsAt };
}

/** The set with up to a quarter of the candidates added or taken away; unchanged where that would not be sound. */
function toggled(
  rng: Rng,
  set: readonly number[],
  candidates: readonly number[],
  isSound: (set: readonly number[]) => boolean,
): readonly number[] {
  if (candidates.length === 0) return set;
  const chosen = rng.some(candidates, rng.between(1, Math.ceil(candidates.length / 4)));
  const next = candidates.filter((seat) => set.includes(seat) !== chosen.includes(seat));
  return isSound(next) ? next : set;
}

/** Epochs in which each service is measured: the first always, a third of the others for some epochs only. */
export function termsOf(rng: Rng, services: number): Term[] {
  return Array.from({ length: services }, (_, i) => {
    if (i === 0 || rng.percent(65)) return { from: 0, until: Number.MAX_SAFE_INTEGER };
    const from = rng.below(6);
    return { from, until: from + rng.between(1, 9) };
  });
}
