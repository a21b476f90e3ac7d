import { INFINITE_MICROS } from '../../protocol/histogram.ts';
import type { Bounds } from '../model.ts';

/** What stands where there is no number. */
export const NOTHING = '–';

const TENTH_OF_PERCENT_PPM = 1_000;
const VALUE_COLUMNS = 4;

/** `99.2 % [97.1, 99.9]`: the value nearest, its bounds rounded outwards; `100` and `0` only when exact. */
export function availability(bounds: Bounds): string {
  const lower = percentOfTenths(Math.floor(bounds.lower / TENTH_OF_PERCENT_PPM));
  const upper = percentOfTenths(Math.ceil(bounds.upper / TENTH_OF_PERCENT_PPM));
  return `${availabilityValue(bounds)} [${lower}, ${upper}]`;
}

export function availabilityValue({ value }: Bounds): string {
  return `${percent(value).padStart(VALUE_COLUMNS)} %`;
}

/** Without its unit: 992_345 ppm → `99.2`. */
export function percent(ppm: number): string {
  const tenths = Math.round(ppm / TENTH_OF_PERCENT_PPM);
  // One failure in ten thousand is not perfection, and one success not nothing.
  if (tenths >= 1_000 && ppm < 1_000_000) return '99.9';
  if (tenths === 0 && ppm > 0) return '0.1';
  return percentOfTenths(tenths);
}

function percentOfTenths(tenths: number): string {
  return tenths === 0 || tenths === 1_000 ? String(tenths / 10) : (tenths / 10).toFixed(1);
}

/** `20.9 ms [20.1, 21.8]`, `∞ [410 ms, ∞]`; the brackets stand in the same column either way, for tables. */
export function latency(bounds: Bounds): string {
  // An infinite value has no unit for its bounds to share.
  const unit = bounds.value >= INFINITE_MICROS && bounds.lower < INFINITE_MICROS ? ' ms' : '';
  return `${latencyValue(bounds)} [${millis(bounds.lower)}${unit}, ${millis(bounds.upper)}]`;
}

export function latencyValue({ value }: Bounds): string {
  return `${millis(value).padStart(VALUE_COLUMNS)}${value >= INFINITE_MICROS ? '   ' : ' ms'}`;
}

/** Without its unit, three digits that matter: `0.42`, `20.9`, `410`, `1204`, `∞`. */
export function millis(micros: number): string {
  if (micros >= INFINITE_MICROS) return '∞';
  const value = micros / 1_000;
  // The limits are where rounding would add a digit.
  return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
}

/** `0.4 s`, `59.9 s`, `1 min 04 s`. */
export function seconds(elapsedMillis: number): string {
  const tenths = Math.round(Math.max(0, elapsedMillis) / 100);
  if (tenths < 600) return `${(tenths / 10).toFixed(1)} s`;
  const whole = Math.floor(tenths / 10);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}

/** 168211 → `168,211`, the same in every locale. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `0xabcd…`; `digits` of the hash remain. */
export function shortHash(hash: string, digits: number): string {
  return hash.length <= digits + 2 ? hash : `${hash.slice(0, digits + 2)}…`;
}
