import { randomBytes } from 'node:crypto';
import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { createBls } from '../platform/bls/create.ts';
import { generateSecretKey } from '../platform/bls/keygen.ts';
import { type KeystoreStrength, readKeystore, writeKeystore } from '../platform/bls/keystore.ts';
import { writeSecretFile } from '../platform/bls/secretfile.ts';
import { fromHex, type Hex, keccak, toHex } from '../protocol/bytes.ts';
import { possessionDigest } from '../protocol/digest.ts';
import { PlumblineError } from '../protocol/error.ts';

/** Bytes of randomness in a password that is made here: as many as the key has that it guards. */
const PASSWORD_BYTES = 32;

type Target = { chainId?: number; registry?: Hex; operator?: Hex };
type NewFlags = Target & { out: string; passwordFile?: string };
type ShowFlags = Target & { dir: string; passwordFile?: string };

/** What `WatcherRegistry.register` wants of a key; the proof only for a chain, registry and operator that were named. */
export type Registration = {
  readonly keystore: string;
  /** 256 bytes, EIP-2537. */
  readonly publicKey: Hex;
  /** keccak256 of the public key. */
  readonly watcher: Hex;
  readonly chainId?: number;
  readonly registry?: Hex;
  readonly operator?: Hex;
  /** 128 bytes, EIP-2537; valid for this chain, registry and sender alone. */
  readonly proofOfPossession?: Hex;
};

/** `plumbline keys`: makes a watcher's BLS key, and shows what its registration needs. Neither talks to a chain. */
export function keysCommand(
  out: (line: string) => void = console.log,
  strength: KeystoreStrength = 'standard',
): Command {
  const print = (found: Registration) => out(JSON.stringify(found, null, 2));
  const create = new Command('new')
    .description('make a BLS key in an EIP-2335 keystore, and show its registration data')
    .requiredOption('--out <dir>', 'directory for keystore.json and password; made if missing, never overwritten')
    .option('--password-file <file>', 'existing file with the password; by default DIR/password, made if missing')
    .action(async ({ out: dir, passwordFile, ...target }: NewFlags) => {
      requireWhole(target);
      await makeKeystore(dir, passwordFile, strength);
      print(await registrationOf(dir, passwordFile, target));
    });
  const show = new Command('show')
    .description('show the registration data of a key')
    .requiredOption('--dir <dir>', 'directory with keystore.json and password')
    .option('--password-file <file>', 'file with the password; by default DIR/password')
    .action(async ({ dir, passwordFile, ...target }: ShowFlags) => {
      requireWhole(target);
      print(await registrationOf(dir, passwordFile, target));
    });
  const keys = new Command('keys').description('make a watcher key; show what registering it needs').exitOverride();
  for (const command of [create, show]) {
    command
      .option('--chain-id <n>', 'chain of the registry', chainId)
      .option('--registry <address>', 'the WatcherRegistry', address)
      .option('--operator <address>', 'account that will send the registration', address)
      .addHelpText('after', '\nWith --chain-id, --registry and --operator it proves possession of the key to them.');
    keys.addCommand(command.exitOverride());
  }
  return keys;
}

/** Writes DIR/keystore.json, and DIR/password unless there is one. */
async function makeKeystore(dir: string, passwordFile: string | undefined, strength: KeystoreStrength): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const passwordPath = passwordFile ?? join(dir, 'password');
  const isThere = await access(passwordPath).then(
    () => true,
    () => false,
  );
  if (!isThere && passwordFile === undefined) {
    await writeSecretFile(passwordPath, 'password file', `${randomBytes(PASSWORD_BYTES).toString('base64url')}\n`);
  }
  const bls = await createBls(() => {});
  const secretKey = generateSecretKey((length) => new Uint8Array(randomBytes(length)));
  const path = join(dir, 'keystore.json');
  await writeKeystore({ path, passwordPath, secretKey, publicKey: bls.publicKey(secretKey), strength });
}

/** From the keystore as it lies on the disk: what is shown is what a watcher will load. */
async function registrationOf(dir: string, passwordFile: string | undefined, target: Target): Promise<Registration> {
  const keystore = join(dir, 'keystore.json');
  const secretKey = await readKeystore(keystore, passwordFile ?? join(dir, 'password'));
  const bls = await createBls(() => {});
  const publicKey = bls.publicKeyToEvm(bls.publicKey(secretKey));
  const watcher = keccak(publicKey);
  const shown = { keystore, publicKey: toHex(publicKey), watcher: toHex(watcher) };
  const { chainId, registry, operator } = target;
  if (chainId === undefined || registry === undefined || operator === undefined) return shown;
  const proof = bls.prove(secretKey, possessionDigest(chainId, fromHex(registry), operator, watcher));
  return { ...shown, chainId, registry, operator, proofOfPossession: toHex(bls.signatureToEvm(proof)) };
}

/** A proof is bound to all three: checked before a key is made. */
function requireWhole({ chainId, registry, operator }: Target): void {
  const given = [chainId, registry, operator].filter((one) => one !== undefined).length;
  if (given === 0 || given === 3) return;
  throw new PlumblineError('usage', 'a proof of possession needs --chain-id, --registry and --operator together');
}

function chainId(text: string): number {
  const value = Number(text);
  if (/^[1-9][0-9]{0,15}$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError('It takes a whole number from 1.');
}

function address(text: string): Hex {
  if (/^0x[0-9a-fA-F]{40}$/.test(text)) return text.toLowerCase() as Hex;
  throw new InvalidArgumentError('It takes 0x and 40 hex digits.');
}
