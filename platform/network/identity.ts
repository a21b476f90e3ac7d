import { link, mkdir, open, readFile, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys';
import type { PrivateKey } from '@libp2p/interface';
import { errorCode, PlumblineError } from '../../protocol/error.ts';

/** An ed25519 key file has 91 characters; anything much longer is another file. Bytes. */
const FILE_BYTES_MAX = 1_024;

/**
 * Reads the peer identity (libp2p's own ed25519 key, not the BLS key) from a file of mode 0600, and makes one if there is
 * none. The file is base64 of libp2p's protobuf, one line.
 * @throws PlumblineError `identity-permissions` (others may read it) or `identity-corrupt`
 */
export async function loadIdentity(path: string): Promise<PrivateKey> {
  const existing = await readIdentity(path);
  if (existing) return existing;
  await createIdentity(path);
  const created = await readIdentity(path);
  if (!created)
    throw new PlumblineError('identity-corrupt', `${path} vanished while it was made; start again`, { path });
  return created;
}

async function readIdentity(path: string): Promise<PrivateKey | undefined> {
  try {
    const { mode, size } = await stat(path);
    if ((mode & 0o077) !== 0) {
      throw new PlumblineError(
        'identity-permissions',
        `others may read the identity key ${path} (mode ${(mode & 0o777).toString(8)}, at most 600 is allowed); run chmod 600 ${path}`,
        { path },
      );
    }
    if (size > FILE_BYTES_MAX) throw corrupt(path);
    return decode(path, await readFile(path, 'utf8'));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Written in full beside it and then linked, so that a crash leaves no half key and of two starts one key wins. */
async function createIdentity(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.new`;
  await unlink(draft).catch(() => undefined);
  const file = await open(draft, 'wx', 0o600);
  try {
    const key = await generateKeyPair('Ed25519');
    await file.writeFile(`${Buffer.from(privateKeyToProtobuf(key)).toString('base64')}\n`);
    await file.sync();
    await link(draft, path).catch((error: unknown) => {
      if (errorCode(error) !== 'EEXIST') throw error;
    });
  } finally {
    await file.close();
    await unlink(draft);
  }
}

function decode(path: string, text: string): PrivateKey {
  try {
    const key = privateKeyFromProtobuf(Buffer.from(text.trim(), 'base64'));
    if (key.type === 'Ed25519') return key;
  } catch {
    // Whatever was wrong, the remedy is the same; and an error of the decoder could quote the key.
  }
  throw corrupt(path);
}

function corrupt(path: string): PlumblineError {
  return new PlumblineError(
    'identity-corrupt',
    `${path} holds no ed25519 peer identity; restore it, or move it away to get a new one (other nodes must then learn the new peer id)`,
    { path },
  );
}
