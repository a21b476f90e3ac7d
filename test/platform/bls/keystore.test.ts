import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { generateSecretKey } from '../../../platform/bls/keygen.ts';
import { type NewKeystore, readKeystore, writeKeystore } from '../../../platform/bls/keystore.ts';
import { createNobleBls } from '../../../platform/bls/noble.ts';
import { SECRET_FILE_BYTES_MAX, writeSecretFile } from '../../../platform/bls/secretfile.ts';
import { toHex } from '../../../protocol/bytes.ts';

const secretKey = generateSecretKey((bytes) => new Uint8Array(bytes).fill(42));
const publicKey = createNobleBls().publicKey(secretKey);

let directory: string;
let path: string;
let passwordPath: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'plumbline-keystore-'));
  path = join(directory, 'keystore.json');
  passwordPath = join(directory, 'password');
  await writeFile(passwordPath, 'correct horse battery\n', { mode: 0o600 });
});

afterEach(() => rm(directory, { recursive: true }));

function write(changes: Partial<NewKeystore> = {}): Promise<void> {
  return writeKeystore({ path, passwordPath, secretKey, publicKey, strength: 'devnet', ...changes });
}

// biome-ignore lint/suspicious/noExplicitAny: these tests break the layout on purpose
type Loose = Record<string, any>;

async function edit(change: (keystore: Loose) => void): Promise<void> {
  const keystore = JSON.parse(await readFile(path, 'utf8'));
  change(keystore);
  await writeFile(path, JSON.stringify(keystore));
}

describe('a keystore', () => {
  test.each(['devnet', 'standard'] as const)('of strength %s gives the key back', async (strength) => {
    await write({ strength });
    expect(toHex(await readKeystore(path, passwordPath))).toBe(toHex(secretKey));
    const { crypto, description, version, pubkey } = JSON.parse(await readFile(path, 'utf8'));
    expect(version).toBe(4);
    expect(crypto.kdf.function).toBe(strength === 'devnet' ? 'pbkdf2' : 'scrypt');
    expect(description).toContain(toHex(publicKey));
    expect(pubkey).toBeUndefined();
  });

  test('is open to its owner only and leaves no other file behind', async () => {
    await write();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toEqual(['keystore.json', 'password']);
    expect(await readFile(path, 'utf8')).not.toContain(toHex(secretKey).slice(2));
  });

  test('is never overwritten', async () => {
    await write();
    const before = await readFile(path, 'utf8');
    await expect(write()).rejects.toMatchObject({ code: 'secret-file', message: expect.stringContaining('exists') });
    expect(await readFile(path, 'utf8')).toBe(before);
    expect(await readdir(directory)).toEqual(['keystore.json', 'password']);
  });

  test('ignores the final newline of the password file, and normalizes its characters', async () => {
    await writeFile(passwordPath, 'pa\u00dfw\u00f6rt lang\r\n');
    await write();
    await writeFile(passwordPath, 'pa\u00dfwo\u0308rt lang');
    expect(toHex(await readKeystore(path, passwordPath))).toBe(toHex(secretKey));
  });

  test('does not open with another password', async () => {
    await write();
    await writeFile(passwordPath, 'correct horse bakery');
    await expect(readKeystore(path, passwordPath)).rejects.toMatchObject({ code: 'keystore-password' });
  });

  test('does not open when its ciphertext or checksum changed', async () => {
    await write();
    await edit(({ crypto }) => {
      crypto.cipher.message = crypto.cipher.message.replace(/^../, (byte: string) => (byte === '00' ? '01' : '00'));
    });
    await expect(readKeystore(path, passwordPath)).rejects.toMatchObject({ code: 'keystore-password' });
  });

  test.each([
    ['no JSON', '{'],
    ['no keystore', '{}'],
    ['null', 'null'],
  ])('that is %s is refused', async (_, text) => {
    await writeFile(path, text, { mode: 0o600 });
    await expect(readKeystore(path, passwordPath)).rejects.toMatchObject({ code: 'keystore-malformed' });
  });

  test.each<[string, (keystore: Loose) => void]>([
    ['version 3', (k) => Object.assign(k, { version: 3 })],
    ['an unbounded pbkdf2', (k) => Object.assign(k.crypto.kdf.params, { c: 1e9 })],
    ['a short derived key', (k) => Object.assign(k.crypto.kdf.params, { dklen: 16 })],
    [
      'an unbounded scrypt',
      (k) => {
        const { salt } = k.crypto.kdf.params;
        k.crypto.kdf = { function: 'scrypt', message: '', params: { dklen: 32, n: 2 ** 18, r: 8, p: 1000, salt } };
      },
    ],
  ])('with %s is refused before any work', async (_, change) => {
    await write();
    await edit(change);
    await expect(readKeystore(path, passwordPath)).rejects.toMatchObject({ code: 'keystore-malformed' });
  });

  test('needs a password of 8 characters, newlines not counted', async () => {
    await writeFile(passwordPath, 'seven77\n\n\n');
    await expect(write()).rejects.toMatchObject({ code: 'keystore-password' });
    expect(await readdir(directory)).toEqual(['password']);
  });

  test('holds only keys in range', async () => {
    await expect(write({ secretKey: new Uint8Array(32) })).rejects.toMatchObject({ code: 'bls-secret-key' });
  });
});

describe('a secret file', () => {
  test.each([0o640, 0o604, 0o644, 0o660, 0o610])('of mode %o is refused', async (mode) => {
    await write();
    for (const file of [path, passwordPath]) {
      await chmod(file, mode);
      const failure = expect.stringMatching(new RegExp(`${file} has mode ${mode.toString(8)}.*chmod 600`));
      await expect(readKeystore(path, passwordPath)).rejects.toMatchObject({ code: 'secret-file', message: failure });
      await chmod(file, 0o400);
    }
    expect(toHex(await readKeystore(path, passwordPath))).toBe(toHex(secretKey));
  });

  test('is judged by the file that a link leads to', async () => {
    await write();
    await chmod(path, 0o644);
    const alias = join(directory, 'alias');
    await symlink(path, alias);
    await expect(readKeystore(alias, passwordPath)).rejects.toMatchObject({ code: 'secret-file' });
  });

  test('that is missing, a directory, too large or not text is refused with its name', async () => {
    await write();
    const folder = join(directory, 'folder');
    await mkdir(folder, { mode: 0o700 });
    const large = join(directory, 'large');
    await writeFile(large, Buffer.alloc(SECRET_FILE_BYTES_MAX + 1, 'a'), { mode: 0o600 });
    const binary = join(directory, 'binary');
    await writeFile(binary, Buffer.from([0xff, 0xfe, 0xff]), { mode: 0o600 });
    for (const file of [join(directory, 'missing'), folder, large, binary]) {
      const failure = { code: 'secret-file', message: expect.stringContaining(file) };
      await expect(readKeystore(file, passwordPath)).rejects.toMatchObject(failure);
      await expect(readKeystore(path, file)).rejects.toMatchObject(failure);
    }
  });

  test('is not written into a missing directory', async () => {
    const lost = join(directory, 'nowhere', 'file');
    await expect(writeSecretFile(lost, 'password file', 'text')).rejects.toMatchObject({ code: 'secret-file' });
  });

  test('is written by one of two racing writers, whole', async () => {
    const texts = ['a', 'b'].map((letter) => letter.repeat(10_000));
    const results = await Promise.allSettled(texts.map((text) => writeSecretFile(path, 'keystore', text)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(texts).toContain(await readFile(path, 'utf8'));
  });
});
