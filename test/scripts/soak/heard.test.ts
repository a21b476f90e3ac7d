import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { epochStart } from '../../../protocol/time.ts';
import { readHeard } from '../../../scripts/soak/heard.ts';
import { Signatures } from '../../../scripts/soak/signatures.ts';
import { createSimnet, type Simnet } from '../../support/simnet/simnet.ts';

let net: Simnet;
let scratch: string;

beforeEach(async () => {
  net = await createSimnet();
  await net.start();
  await net.runTo(3, 3_500);
  scratch = await mkdtemp(join(tmpdir(), 'plumbline-soak-test-'));
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

/** When all of them were heard. Unix milliseconds. */
const AT = 1_700_000_012_345;

type Line = { topic: string; data: Uint8Array };

async function read(lines: readonly Line[]) {
  const file = join(scratch, 'heard.log');
  await writeFile(
    file,
    lines.map(({ topic, data }) => `${AT} ${topic} ${Buffer.from(data).toString('base64')}\n`).join(''),
  );
  const { set, facts, bls } = net;
  return readHeard([file], { domain: facts.domain, calendar: facts.calendar, set, bls });
}

test('each message of a run names who signed which slot', async () => {
  const heard = await read(net.network.published);
  expect(heard.faults).toEqual([]);
  expect(heard.messages).toMatchObject({ commit: 12, reveal: 12, proposal: 3, attestation: 12 });
  expect(heard.commitMillis.map((millis) => AT - millis).at(-1)).toBe(epochStart(net.facts.calendar, 1));
  // A reveal repeats its commit.
  expect(heard.signatures.length).toBe(12 + 3 + 12);
});

test('a second commit of one epoch is found', async () => {
  const { commit } = net.forger(2);
  const { encodeCommit } = await import('../../../protocol/commit.ts');
  const twice = { topic: 'commit', data: encodeCommit(commit(1, new Uint8Array(32).fill(7))) };
  const { signatures } = await read([...net.network.published, twice]);
  const all = new Signatures();
  for (const one of signatures) all.hear(one);
  expect(all.faults().filter((fault) => fault.includes('two things'))).toEqual([
    expect.stringMatching(/commit of epoch 1, view 0, was signed over two things/),
  ]);
});

test('a message whose signature is bad, and one that does not decode, are found', async () => {
  const commit = net.network.published.find(({ topic }) => topic === 'commit')!;
  const forged = commit.data.slice();
  forged[forged.length - 1]! ^= 1;
  const short = commit.data.slice(0, -1);
  const { faults, signatures } = await read([
    commit,
    { topic: 'commit', data: forged },
    { topic: 'commit', data: short },
  ]);
  expect(signatures.length).toBe(1);
  expect(faults.length).toBe(2);
  expect(faults[0]).toContain('its signature is bad');
});
