import {
  create,
  decrypt,
  defaultPbkdfModule,
  defaultScryptModule,
  type IKeystore,
  validateKeystore,
} from '@chainsafe/bls-keystore';
import { toHex } from '../../protocol/bytes.ts';
import { PlumblineError } from '../../protocol/error.ts';
import { checkSecretKey } from './encoding.ts';
import { readSecretFile, writeSecretFile } from './secretfile.ts';

/**
 * The BLS secret key at rest: an EIP-2335 keystore (version 4) in one file, its password in another. A password never comes
 * from an argument or the environment, where other processes can read it.
 */

/** Shorter passwords are refused when a keystore is written: the file may leak one day. */
export const PASSWORD_CHARACTERS_MIN = 8;
/** EIP-2335 derives 32 bytes: 16 for AES-128-CTR, 16 for the checksum. */
const DERIVED_BYTES = 32;
/** Ten times EIP-2335's 2^18 rounds, about two seconds: a foreign file must not stall the start for longer. */
export const PBKDF2_ROUNDS_MAX = 2_621_440;
/** 128 · n · r · p, the bytes that scrypt works through; EIP-2335's own choice is 256 MiB. */
export const SCRYPT_BYTES_MAX = 1 << 30;
/** Rounds of a devnet's keystores, whose keys are worth nothing and whose nodes start by the dozen. */
const DEVNET_PBKDF2_ROUNDS = 1_024;

/** How dear guessing the password is: scrypt with 256 MiB (EIP-2335's own choice), or next to nothing. */
export type KeystoreStrength = 'standard' | 'devnet';

export interface NewKeystore {
  /** Where the keystore goes; the file must not exist yet. */
  readonly path: string;
  /** A file of mode 0600 with the password; control characters, so also a final newline, do not count. */
  readonly passwordPath: string;
  readonly secretKey: Uint8Array;
  /** Compressed; written in clear into the description, so that the owner can tell keystores apart. */
  readonly publicKey: Uint8Array;
  readonly strength: KeystoreStrength;
}

/** Writes a new keystore, mode 0600. Throws `secret-file`, `bls-secret-key` or `keystore-password`. */
export async function writeKeystore({
  path,
  passwordPath,
  secretKey,
  publicKey,
  strength,
}: NewKeystore): Promise<void> {
  checkSecretKey(secretKey);
  const password = await readPassword(passwordPath);
  if (countCharacters(password) < PASSWORD_CHARACTERS_MIN) {
    throw new PlumblineError(
      'keystore-password',
      `the password in ${passwordPath} is shorter than ${PASSWORD_CHARACTERS_MIN} characters; put a longer one there`,
      { path: passwordPath },
    );
  }
  const description = `Plumbline watcher, BLS12-381 public key in G2 ${toHex(publicKey)}`;
  const pbkdf = defaultPbkdfModule();
  const cheap = { ...pbkdf, params: { ...pbkdf.params, c: DEVNET_PBKDF2_ROUNDS } };
  const kdf = strength === 'devnet' ? cheap : defaultScryptModule();
  // EIP-2335's optional `pubkey` is a 48-byte key in G1, and readers check its length; ours is in G2. The empty `path` says
  // that the key was not derived from a mnemonic.
  const { pubkey: _, ...keystore } = await create(password, secretKey, new Uint8Array(), '', description, kdf);
  await writeSecretFile(path, 'keystore', `${JSON.stringify(keystore, null, 2)}\n`);
}

/**
 * The secret key of a keystore. Throws `secret-file` (missing or open to others), `keystore-malformed`, or
 * `keystore-password` (the checksum does not match: a wrong password, or a damaged file).
 */
export async function readKeystore(path: string, passwordPath: string): Promise<Uint8Array> {
  const keystore = parseKeystore(path, await readSecretFile(path, 'keystore'));
  const password = await readPassword(passwordPath);
  let secretKey: Uint8Array;
  try {
    secretKey = Uint8Array.from(await decrypt(keystore, password));
  } catch (cause) {
    throw new PlumblineError(
      'keystore-password',
      `the password in ${passwordPath} does not open the keystore ${path}; check that the two belong together`,
      { path, passwordPath },
      cause,
    );
  }
  checkSecretKey(secretKey);
  return secretKey;
}

function parseKeystore(path: string, text: string): IKeystore {
  try {
    const keystore: unknown = JSON.parse(text);
    validateKeystore(keystore);
    const { kdf } = (keystore as IKeystore).crypto;
    if (kdf.params.dklen !== DERIVED_BYTES) throw new RangeError(`dklen must be ${DERIVED_BYTES}`);
    if (kdf.function === 'pbkdf2' && kdf.params.c > PBKDF2_ROUNDS_MAX) {
      throw new RangeError(`pbkdf2 c must be at most ${PBKDF2_ROUNDS_MAX}`);
    }
    if (kdf.function === 'scrypt' && 128 * kdf.params.n * kdf.params.r * kdf.params.p > SCRYPT_BYTES_MAX) {
      throw new RangeError(`scrypt 128 · n · r · p must be at most ${SCRYPT_BYTES_MAX} bytes`);
    }
    return keystore as IKeystore;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PlumblineError(
      'keystore-malformed',
      `${path} is not a keystore this node reads, EIP-2335 version 4: ${reason}; restore it from a backup`,
      { path },
      cause,
    );
  }
}

function readPassword(path: string): Promise<string> {
  return readSecretFile(path, 'password file');
}

/** Characters that EIP-2335 keeps: all but the C0 and C1 controls and Delete. */
function countCharacters(password: string): number {
  return [...password.normalize('NFKD')].filter((character) => {
    const code = character.codePointAt(0) ?? 0;
    return code > 0x1f && !(code >= 0x7f && code <= 0x9f);
  }).length;
}
