import { toHex } from '../protocol/bytes.ts';
import { PlumblineError } from '../protocol/error.ts';
import type { Service } from '../protocol/service.ts';
import { printable } from './table.ts';

/** Shorter beginnings of an id are as likely a slip as a choice. */
const PREFIX_HEX_DIGITS_MIN = 4;
/** Services that an error names; more are a list to look up elsewhere. */
const CANDIDATES_MAX = 5;
const ID_HEX_DIGITS = 64;

/**
 * The one service that a person means.
 * @param wanted its id, a beginning of it that no other one has, or its URL; undefined for all services
 * @throws PlumblineError `usage` when that is none or several, with those that may be meant
 */
export function pickServices(services: readonly Service[], epoch: number, wanted?: string): readonly Service[] {
  if (wanted === undefined) return services;
  const found = /^0x/i.test(wanted) ? byId(services, wanted) : byUrl(services, wanted);
  if (found.length === 1) return found;
  const shown = `--service ${printable(wanted)}`;
  if (found.length > 1) {
    const names = candidates(found, services);
    throw new PlumblineError(
      'usage',
      `${shown} is ${found.length} services of epoch ${epoch}: ${names}; give more of the id`,
    );
  }
  const all = services.length === 0 ? 'it has none' : `it has ${candidates(nearest(services, wanted), services)}`;
  throw new PlumblineError('usage', `${shown} is no service of epoch ${epoch}; ${all}`);
}

function byId(services: readonly Service[], wanted: string): readonly Service[] {
  const prefix = wanted.toLowerCase();
  if (!new RegExp(`^0x[0-9a-f]{${PREFIX_HEX_DIGITS_MIN},${ID_HEX_DIGITS}}$`).test(prefix)) {
    const range = `${PREFIX_HEX_DIGITS_MIN} to ${ID_HEX_DIGITS}`;
    throw new PlumblineError(
      'usage',
      `--service ${printable(wanted)}: an id, or its beginning, is 0x and ${range} hex digits`,
    );
  }
  return services.filter(({ id }) => toHex(id).startsWith(prefix));
}

/** As registered, or as another way to write the same. */
function byUrl(services: readonly Service[], wanted: string): readonly Service[] {
  const same = (url: string) => (URL.canParse(url) ? new URL(url).href : url);
  return services.filter(({ url }) => same(url) === same(wanted));
}

/** Those first whose URL has the text in it. */
function nearest(services: readonly Service[], wanted: string): readonly Service[] {
  const text = wanted.toLowerCase();
  const isNear = ({ url }: Service) => url.toLowerCase().includes(text);
  return [...services.filter(isNear), ...services.filter((service) => !isNear(service))];
}

/** Each with as much of its id as tells it from all others. */
function candidates(some: readonly Service[], all: readonly Service[]): string {
  const ids = all.map(({ id }) => toHex(id));
  const isEnough = (digits: number) => new Set(ids.map((id) => id.slice(0, 2 + digits))).size === ids.length;
  let digits = 2 * PREFIX_HEX_DIGITS_MIN;
  while (digits < ID_HEX_DIGITS && !isEnough(digits)) digits += 1;
  const names = some
    .slice(0, CANDIDATES_MAX)
    .map(({ id, url }) => `${toHex(id).slice(0, 2 + digits)} (${printable(url)})`);
  const rest = some.length - names.length;
  return [...names, ...(rest > 0 ? [`${rest} more`] : [])].join(', ');
}
