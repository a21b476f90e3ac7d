import { randomBytes } from 'node:crypto';
import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { Command, InvalidArgumentError } from 'commander';
import { createBls } from '../platform/bls/create.ts';
import { generateSecretKey } from '../platform/bls/keygen.ts';
import { type KeystoreStrength, readKeystore, writeKeystore } from '../platform/bls/keystore.ts';
import { writeSecretFile } from '../platform/bls/secretfile.ts';
import { createAddressPolicy } from '../platform/egress.ts';
import { loadIdentity } from '../platform/network/identity.ts';
import { readContact, SEAT_ADDRESSES_MAX } from '../platform/network/registered.ts';
import { fromHex, type Hex, keccak, toHex } from '../protocol/bytes.ts';
import { possessionDigest } from '../protocol/digest.ts';
import { PlumblineError } from '../protocol/error.ts';

/** Bytes of randomness in a password that is made here: as many as the key has that it guards. */
const PASSWORD_BYTES = 32;

type Target = { chainId?: number; registry?: Hex; operator?: Hex; announce?: string[]; identity?: string };
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
  /** Multiaddrs with the peer id, where other watchers will find this one; only when it was said where that is. */
  readonly addresses?: readonly string[];
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
      const addresses = await addressesOf(target);
      await makeKeystore(dir, passwordFile, strength);
      print(await registrationOf(dir, passwordFile, target, addresses));
    });
  const show = new Command('show')
    .description('show the registration data of a key')
    .requiredOption('--dir <dir>', 'directory with keystore.json and password')
    .option('--password-file <file>', 'file with the password; by default DIR/password')
    .action(async ({ dir, passwordFile, ...target }: ShowFlags) => {
      requireWhole(target);
      print(await registrationOf(dir, passwordFile, target, await addressesOf(target)));
    });
  const keys = new Command('keys').description('make a watcher key; show what registering it needs').exitOverride();
  for (const command of [create, show]) {
    command
      .option('--chain-id <n>', 'chain of the registry', chainId)
      .option('--registry <address>', 'the WatcherRegistry', address)
      .option('--operator <address>', 'account that will send the registration', address)
      .option('--announce <multiaddr...>', 'where the watcher will be reached, like /ip4/192.0.2.1/tcp/4601')
      .option('--identity <file>', 'identity.key of its dataDir, made if missing; its peer id completes the addresses')
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
async function registrationOf(
  dir: string,
  passwordFile: string | undefined,
  target: Target,
  addresses: readonly string[] | undefined,
): Promise<Registration> {
  const keystore = join(dir, 'keystore.json');
  const secretKey = await readKeystore(keystore, passwordFile ?? join(dir, 'password'));
  const bls = await createBls(() => {});
  const publicKey = bls.publicKeyToEvm(bls.publicKey(secretKey));
  const watcher = keccak(publicKey);
  const shown = { keystore, publicKey: toHex(publicKey), watcher: toHex(watcher) };
  const { chainId, registry, operator } = target;
  const published = addresses ? { addresses } : {};
  if (chainId === undefined || registry === undefined || operator === undefined) return { ...shown, ...published };
  const proof = bls.prove(secretKey, possessionDigest(chainId, fromHex(registry), operator, watcher));
  const proofOfPossession = toHex(bls.signatureToEvm(proof));
  return { ...shown, chainId, registry, operator, proofOfPossession, ...published };
}

/** As they are registered: what no other watcher would dial is refused here, while it can still be mended. */
async function addressesOf({ announce, identity }: Target): Promise<string[] | undefined> {
  if (!announce || !identity) return undefined;
  if (announce.length > SEAT_ADDRESSES_MAX) {
    throw new PlumblineError('usage', `--announce takes at most ${SEAT_ADDRESSES_MAX} addresses`);
  }
  const peer = peerIdFromPrivateKey(await loadIdentity(identity)).toString();
  const addresses = announce.map((one) => `${one}/p2p/${peer}`);
  const seat = { seat: 0, operator: '', stake: 1n, operatorId: '', region: 0, asn: 0, addresses };
  const [bad] = readContact(seat, createAddressPolicy({ scope: 'public', ownAddresses: () => [] })).refused;
  if (!bad) return addresses;
  throw new PlumblineError('usage', `no other watcher would dial ${bad.address}: it ${bad.reason}`);
}

/** A proof is bound to all three: checked before a key is made. */
function requireWhole({ chainId, registry, operator, announce, identity }: Target): void {
  if ((announce === undefined) !== (identity === undefined)) {
    throw new PlumblineError('usage', 'addresses to register need --announce and --identity together');
  }
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
