import { PlumblineError } from '../protocol/error.ts';

/** @throws PlumblineError `field` unless the value is a whole number from `min` to `max` */
export function requireWhole(name: string, value: number, min = 0, max = Number.MAX_SAFE_INTEGER): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return;
  throw new PlumblineError('field', `${name} is ${value}: give a whole number from ${min} to ${max}`, { name, value });
}
