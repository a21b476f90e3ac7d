/**
 * How far away an endpoint can be at most, from the least round trip that one watcher saw. Nothing is faster than light in a
 * vacuum (in fibre it is a third slower), so an answer after t microseconds has come from within t / 2 of light's way. Only an
 * upper bound, and only of the machine that took the connection.
 */

/** Metres a second, exactly: the definition of the metre. */
const LIGHT_METRES_PER_SECOND = 299_792_458n;
/** The clock counts whole microseconds: a round trip that reads t may have taken up to one more. */
const CLOCK_MICROS = 1n;
/** Metres are rtt / 2 · c / 10^6; kilometres another 10^3. */
const HALF_MICROS_PER_SECOND = 2_000_000n;
const METRES_PER_KM = 1_000n;

/** Kilometres, rounded up, within which whoever answered is. `rttMicros` a whole number >= 0. */
export function kmMaxOf(rttMicros: number): number {
  const divisor = HALF_MICROS_PER_SECOND * METRES_PER_KM;
  const product = (BigInt(rttMicros) + CLOCK_MICROS) * LIGHT_METRES_PER_SECOND;
  return Number((product + divisor - 1n) / divisor);
}

/** Whether the round trip proves that whoever answered is within so many kilometres of the watcher. */
export function isWithinKm(rttMicros: number, km: number): boolean {
  return kmMaxOf(rttMicros) <= km;
}
