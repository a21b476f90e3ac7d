import { isIPv4, isIPv6 } from 'node:net';

/** An IPv6 address; an IPv4 address is kept in its mapped form. */
export const ADDRESS_BYTES = 16;

const V4_BYTES = 4;
const GROUPS = 8;
const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
const MAPPED_BYTES = Uint8Array.from([...MAPPED_PREFIX, 0, 0, 0, 0]);

/**
 * The 16 bytes of an address in text form, IPv4 as ::ffff:a.b.c.d. Undefined for anything that is not an address,
 * and for one with a zone (`fe80::1%eth0`), which means something only on one machine.
 */
export function addressBytes(text: string): Uint8Array | undefined {
  if (isIPv4(text)) return mappedBytes(text);
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const [head = '', tail] = text.split('::');
  const front = groupBytes(head);
  const back = tail === undefined ? [] : groupBytes(tail);
  const zeros = new Array<number>(ADDRESS_BYTES - front.length - back.length).fill(0);
  return Uint8Array.from([...front, ...zeros, ...back]);
}

/** With as little garbage as can be: a prober asks for it several times in every probe. */
function mappedBytes(text: string): Uint8Array {
  const bytes = MAPPED_BYTES.slice();
  text.split('.').forEach((part, i) => {
    bytes[MAPPED_PREFIX.length + i] = Number(part);
  });
  return bytes;
}

/** The text form of 16 bytes: dotted for a mapped IPv4 address, else eight hexadecimal groups (not shortened). */
export function addressText(bytes: Uint8Array): string {
  if (isMapped(bytes)) return v4Text(bytes, ADDRESS_BYTES - V4_BYTES);
  const groups = Array.from({ length: GROUPS }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16));
  return groups.join(':');
}

export function isMapped(bytes: Uint8Array): boolean {
  return MAPPED_PREFIX.every((byte, i) => bytes[i] === byte);
}

/**
 * The IPv4 addresses that an IPv6 address carries inside itself, as dotted text: mapped (RFC 4291), NAT64 (RFC 6052,
 * 64:ff9b::/96), 6to4 (RFC 3056, 2002::/16) and ISATAP (RFC 5214, interface id 0:5efe or 200:5efe), which may stand behind 6to4.
 */
export function embeddedV4(bytes: Uint8Array): string[] {
  const startsWith = (...prefix: number[]) => prefix.every((byte, i) => bytes[i] === byte);
  if (isMapped(bytes)) return [v4Text(bytes, 12)];
  if (startsWith(0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0)) return [v4Text(bytes, 12)];
  const outer = startsWith(0x20, 0x02) ? [v4Text(bytes, 2)] : [];
  const isatap = (bytes[8]! & 0xfd) === 0 && bytes[9] === 0 && bytes[10] === 0x5e && bytes[11] === 0xfe;
  return isatap ? [...outer, v4Text(bytes, 12)] : outer;
}

function v4Text(bytes: Uint8Array, offset: number): string {
  return bytes.subarray(offset, offset + V4_BYTES).join('.');
}

function groupBytes(part: string): number[] {
  if (part === '') return [];
  return part.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
