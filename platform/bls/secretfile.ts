import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode, PlumblineError } from '../../protocol/error.ts';

/** Files that hold secrets: read only when nobody but their owner can, written whole or not at all, never replaced. */

/** A keystore has about 1 KiB, a password far less; anything larger is the wrong file. */
export const SECRET_FILE_BYTES_MAX = 16_384;

const OWNER_ONLY = 0o600;
const OTHERS = 0o077;

/**
 * The text of a secret file. Throws `secret-file` when it is missing, larger than SECRET_FILE_BYTES_MAX, not UTF-8, not a
 * regular file, or open to the group or to others.
 */
export async function readSecretFile(path: string, what: string): Promise<string> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (cause) {
    throw refuse(path, what, `cannot be read (${errorCode(cause)}); check the path and its owner`, cause);
  }
  try {
    // The open file is asked, not the path: it cannot be swapped in between.
    const { mode, size } = await file.stat();
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw refuse(path, what, 'is not a regular file');
    // Windows has no such modes; there the directory's access list guards the file.
    if (process.platform !== 'win32' && (mode & OTHERS) !== 0) {
      const octal = (mode & 0o777).toString(8);
      throw refuse(path, what, `has mode ${octal}: others than its owner can open it; run chmod 600 on it`);
    }
    if (size > SECRET_FILE_BYTES_MAX) {
      throw refuse(path, what, `has ${size} bytes, the most is ${SECRET_FILE_BYTES_MAX}; check the path`);
    }
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(await file.readFile());
    } catch (cause) {
      throw refuse(path, what, 'is not UTF-8 text; check the path', cause);
    }
  } finally {
    await file.close();
  }
}

/**
 * Writes a new secret file with mode 0600, durable when the promise resolves. A crash leaves no half-written file under
 * `path`. Throws `secret-file` when the path already exists (a key is never overwritten) or cannot be written.
 */
export async function writeSecretFile(path: string, what: string, text: string): Promise<void> {
  const draft = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(draft, 'wx', OWNER_ONLY);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    // A link appears whole and, unlike a rename, fails when the name is taken.
    await link(draft, path);
    await syncDirectory(dirname(path));
  } catch (cause) {
    const code = errorCode(cause);
    const taken = 'already exists and is never overwritten; choose another path or move it away';
    const failed = `cannot be written (${code}); its directory must exist, be writable, and support hard links`;
    throw refuse(path, what, code === 'EEXIST' ? taken : failed, cause);
  } finally {
    await unlink(draft).catch(() => undefined);
  }
}

async function syncDirectory(path: string): Promise<void> {
  // Windows cannot open a directory, and makes the name durable with the file.
  if (process.platform === 'win32') return;
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function refuse(path: string, what: string, why: string, cause?: unknown): PlumblineError {
  return new PlumblineError('secret-file', `${what} ${path} ${why}`, { path }, cause);
}
