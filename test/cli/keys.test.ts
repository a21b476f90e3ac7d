import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { CommanderError } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keysCommand, type Registration } from '../../cli/keys.ts';
import { readKeystore } from '../../platform/bls/keystore.ts';
import { createNobleBls } from '../../platform/bls/noble.ts';
import { loadIdentity } from '../../platform/network/identity.ts';
import { fromHex, keccak, toHex } from '../../protocol/bytes.ts';
import { possessionDigest } from '../../protocol/digest.ts';

const REGISTRY = `0x${'aB'.repeat(20)}`;
const OPERATOR = `0x${'11'.repeat(20)}`;
const TARGET = ['--chain-id', '31337', '--registry', REGISTRY, '--operator', OPERATOR];

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plumbline-keys-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Runs the command as typed; what it printed, read as JSON. */
async function keys(...args: string[]): Promise<Registration> {
  const lines: string[] = [];
  const command = keysCommand((line) => lines.push(line), 'devnet');
  for (const one of [command, ...command.commands]) one.configureOutput({ writeErr: () => {}, writeOut: () => {} });
  await command.parseAsync(args, { from: 'user' });
  expect(lines.length).toBe(1);
  return JSON.parse(lines[0]!);
}

describe('plumbline keys', () => {
  it('makes a key in a keystore that a watcher can load, open to its owner only', async () => {
    const dir = join(folder, 'watcher');
    const made = await keys('new', '--out', dir);
    expect((await readdir(dir)).sort()).toEqual(['keystore.json', 'password']);
    for (const file of ['keystore.json', 'password']) expect((await stat(join(dir, file))).mode & 0o777).toBe(0o600);
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
    const secretKey = await readKeystore(made.keystore, join(dir, 'password'));
    const bls = createNobleBls();
    expect(made.publicKey).toBe(toHex(bls.publicKeyToEvm(bls.publicKey(secretKey))));
    expect(made.watcher).toBe(toHex(keccak(fromHex(made.publicKey))));
    expect(JSON.stringify(made)).not.toContain(toHex(secretKey).slice(2));
    expect(await keys('show', '--dir', dir)).toEqual(made);
  });

  it('proves possession to one chain, registry and operator, whatever the case of the addresses', async () => {
    const made = await keys('new', '--out', folder, ...TARGET);
    const bls = createNobleBls();
    const publicKey = bls.publicKeyFromEvm(fromHex(made.publicKey));
    const proof = bls.prove(
      await readKeystore(made.keystore, join(folder, 'password')),
      possessionDigest(31_337, fromHex(REGISTRY), OPERATOR as `0x${string}`, fromHex(made.watcher)),
    );
    expect(made.proofOfPossession).toBe(toHex(bls.signatureToEvm(proof)));
    const digest = possessionDigest(31_337, fromHex(REGISTRY), OPERATOR as `0x${string}`, fromHex(made.watcher));
    expect(bls.verifyProof(publicKey, digest, proof)).toBe(true);
    expect(await keys('show', '--dir', folder, ...TARGET)).toEqual(made);
    const elsewhere = await keys('show', '--dir', folder, ...TARGET.with(1, '1'));
    expect(elsewhere.proofOfPossession).not.toBe(made.proofOfPossession);
  });

  it('completes the addresses to register with the peer id of the identity, which it makes if there is none', async () => {
    const identity = join(folder, 'data', 'identity.key');
    const flags = ['--identity', identity, '--announce', '/ip4/8.8.4.4/tcp/4601', '/dns4/watcher.example.org/tcp/4601'];
    const made = await keys('new', '--out', folder, ...TARGET, ...flags);
    const peer = peerIdFromPrivateKey(await loadIdentity(identity)).toString();
    expect(made.addresses).toEqual([
      `/ip4/8.8.4.4/tcp/4601/p2p/${peer}`,
      `/dns4/watcher.example.org/tcp/4601/p2p/${peer}`,
    ]);
    expect((await keys('show', '--dir', folder, ...flags)).addresses).toEqual(made.addresses);
    expect((await keys('show', '--dir', folder)).addresses).toBeUndefined();
  });

  it.each([
    ['/ip4/192.168.1.2/tcp/4601', 'private'],
    ['/ip4/8.8.4.4/udp/4601/quic-v1', 'is not of the form'],
    ['/ip4/8.8.4.4/tcp/22', 'has port 22'],
  ])('refuses %s, which nobody would dial, before it makes a key', async (announce, reason) => {
    const flags = ['--identity', join(folder, 'identity.key'), '--announce', announce];
    await expect(keys('new', '--out', join(folder, 'keys'), ...flags)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(reason),
    });
    expect(await readdir(folder)).not.toContain('keys');
  });

  it('refuses addresses without the identity that they are of', async () => {
    await expect(keys('new', '--out', folder, '--announce', '/ip4/8.8.4.4/tcp/1')).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('--identity'),
    });
  });

  it('never overwrites a key', async () => {
    await keys('new', '--out', folder);
    const before = await readFile(join(folder, 'keystore.json'), 'utf8');
    await expect(keys('new', '--out', folder)).rejects.toMatchObject({ code: 'secret-file' });
    expect(await readFile(join(folder, 'keystore.json'), 'utf8')).toBe(before);
  });

  it('takes a password that is there, in the directory or elsewhere', async () => {
    await writeFile(join(folder, 'password'), 'correct horse battery\n', { mode: 0o600 });
    await keys('new', '--out', folder);
    expect(await readFile(join(folder, 'password'), 'utf8')).toBe('correct horse battery\n');
    const dir = join(folder, 'other');
    const made = await keys('new', '--out', dir, '--password-file', join(folder, 'password'));
    expect(await readdir(dir)).toEqual(['keystore.json']);
    expect(await keys('show', '--dir', dir, '--password-file', join(folder, 'password'))).toEqual(made);
  });

  it('makes nothing when a flag is wrong', async () => {
    await expect(keys('new', '--out', folder, '--chain-id', '1')).rejects.toMatchObject({ code: 'usage' });
    await expect(keys('new', '--out', folder, ...TARGET.with(3, '0x12'))).rejects.toBeInstanceOf(CommanderError);
    await expect(keys('new', '--out', folder, ...TARGET.with(1, '0'))).rejects.toBeInstanceOf(CommanderError);
    await expect(keys('new')).rejects.toBeInstanceOf(CommanderError);
    await expect(keys('new', '--out', folder, '--password-file', join(folder, 'nowhere'))).rejects.toMatchObject({
      code: 'secret-file',
    });
    expect(await readdir(folder)).toEqual([]);
  });

  it('shows nothing of a directory without a key', async () => {
    await mkdir(join(folder, 'empty'));
    await expect(keys('show', '--dir', join(folder, 'empty'))).rejects.toMatchObject({ code: 'secret-file' });
  });
});
