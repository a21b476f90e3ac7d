import { expand, extract } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bigEndian, concat, fromBigEndian } from '../../protocol/bytes.ts';
import { SECRET_KEY_BYTES } from './bls.ts';
import { GROUP_ORDER } from './encoding.ts';

/** Bytes of randomness behind a key: the least that KeyGen allows, and as many as the key has. */
const SEED_BYTES = 32;
/** ceil(1.5 · ceil(log2 r) / 8): enough that the reduction modulo r is uniform up to 2^-128. */
const OUTPUT_BYTES = 48;

/**
 * A new BLS secret key. `random(n)` must give n bytes from a cryptographic source.
 */
export function generateSecretKey(random: (bytes: number) => Uint8Array): Uint8Array {
  return deriveSecretKey(random(SEED_BYTES));
}

/**
 * KeyGen of draft-irtf-cfrg-bls-signature-05, section 2.3 (also EIP-2333's hkdf_mod_r), with empty key_info:
 *   salt = SHA-256(salt), first of "BLS-SIG-KEYGEN-SALT-"
 *   key = OS2IP(HKDF(salt, seed || 0x00, 0x0030)) mod r, again while it is 0.
 */
export function deriveSecretKey(seed: Uint8Array): Uint8Array {
  if (!(seed instanceof Uint8Array) || seed.length < SEED_BYTES) {
    throw new RangeError(`a BLS key needs a seed of at least ${SEED_BYTES} random bytes`);
  }
  let salt: Uint8Array = Buffer.from('BLS-SIG-KEYGEN-SALT-');
  for (;;) {
    salt = sha256(salt);
    const pseudorandom = extract(sha256, concat(seed, new Uint8Array(1)), salt);
    const output = expand(sha256, pseudorandom, bigEndian(OUTPUT_BYTES, 2), OUTPUT_BYTES);
    const key = fromBigEndian(output) % GROUP_ORDER;
    if (key !== 0n) return bigEndian(key, SECRET_KEY_BYTES);
  }
}
