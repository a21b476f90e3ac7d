import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPeerScoreParams, createPeerScoreThresholds } from '@libp2p/gossipsub/score';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { loadIdentity } from '../../../platform/network/identity.ts';
import { BAN_MILLIS, PEERS_REMEMBERED_MAX, PENALTY_HALF_LIFE_MILLIS } from '../../../platform/network/limits.ts';
import { TOPICS } from '../../../platform/network/network.ts';
import { createGate, createQuota } from '../../../platform/network/quota.ts';
import { createReputation } from '../../../platform/network/reputation.ts';
import {
  BOOTNODE_SCORE,
  decayOver,
  PERSISTENT_SCORE,
  SCORE_THRESHOLDS,
  scoreParameters,
  TOPIC_SCORE_MAX,
} from '../../../platform/network/score.ts';

let millis = 0;
const now = () => millis;
beforeEach(() => {
  millis = 1_000;
});

describe('a quota', () => {
  test('gives its burst at once and refills with time, for each key alone', () => {
    const quota = createQuota({ burst: 3, perSecond: 2 }, now);
    expect([1, 2, 3, 4].map(() => quota.take('a'))).toEqual([true, true, true, false]);
    expect(quota.take('b', 3)).toBe(true);
    millis += 500;
    expect([quota.take('a'), quota.take('a')]).toEqual([true, false]);
    millis += 60_000;
    expect(quota.take('a', 4)).toBe(false);
    expect(quota.take('a', 3)).toBe(true);
  });

  test('forgets keys that are full again, so that strangers cost no memory for ever', () => {
    const quota = createQuota({ burst: 3, perSecond: 2 }, now);
    for (let i = 0; i < 20_000; i += 1) {
      millis += 1;
      quota.take(`peer ${i}`);
    }
    expect(quota.size).toBeLessThan(5_000);
  });
});

test('a gate bounds places for each key, in all, and by weight, and takes a place back once', () => {
  const gate = createGate({ perKey: 2, all: 3, weight: 10 });
  const leave = gate.enter('a', 4);
  expect(gate.enter('a', 4)).toBeDefined();
  expect(gate.enter('a')).toBeUndefined();
  expect(gate.enter('b', 3)).toBeUndefined();
  expect(gate.enter('b', 2)).toBeDefined();
  expect(gate.enter('c')).toBeUndefined();
  leave?.();
  leave?.();
  expect(gate.enter('c')).toBeDefined();
  expect(gate.enter('d')).toBeUndefined();
});

describe('a reputation', () => {
  test('bans at four rejects, once, for a while', () => {
    const reputation = createReputation(now);
    expect([1, 2, 3, 4, 5].map(() => reputation.penalise('a', 1))).toEqual([false, false, false, true, false]);
    expect(reputation.banned('a')).toBe(true);
    expect(reputation.banned('b')).toBe(false);
    millis += BAN_MILLIS;
    expect(reputation.banned('a')).toBe(false);
  });

  test('forgives with time', () => {
    const reputation = createReputation(now);
    reputation.penalise('a', 2);
    millis += PENALTY_HALF_LIFE_MILLIS;
    expect(reputation.points('a')).toBeCloseTo(1);
    expect(reputation.penalise('a', 2)).toBe(false);
  });

  test('remembers a bounded number of peers, the latest offenders', () => {
    const reputation = createReputation(now);
    reputation.penalise('first', 1);
    reputation.penalise('second', 1);
    reputation.penalise('first', 1);
    for (let i = 0; i < PEERS_REMEMBERED_MAX - 1; i += 1) reputation.penalise(`peer ${i}`, 1);
    expect(reputation.points('second')).toBe(0);
    expect(reputation.points('first')).toBe(2);
  });
});

describe('score parameters', () => {
  const parameters = createPeerScoreParams(scoreParameters({ topics: ['t'], epochMillis: 4_000, ownScore: () => 0 }));
  test.each([4_000, 60_000])('are ones that gossipsub accepts, for epochs of %s ms', (epochMillis) => {
    const partial = scoreParameters({ topics: ['t'], epochMillis, ownScore: () => 0 });
    expect(() => createPeerScoreParams(partial)).not.toThrow();
    expect(() => createPeerScoreThresholds(SCORE_THRESHOLDS)).not.toThrow();
  });

  test('silence never costs anything: deliveries are not demanded', () => {
    expect(parameters.topics.t).toMatchObject({ meshMessageDeliveriesWeight: 0, meshFailurePenaltyWeight: 0 });
  });

  test('topics alone never make a bootnode, of a peer of the registry neither', () => {
    expect(TOPIC_SCORE_MAX + PERSISTENT_SCORE).toBeLessThan(BOOTNODE_SCORE);
    expect(SCORE_THRESHOLDS.acceptPXThreshold).toBe(BOOTNODE_SCORE);
  });

  test('a mesh of peers that are only there is worth less than it wants, and one of the registry’s is worth it', () => {
    const { topics } = createPeerScoreParams(
      scoreParameters({ topics: [...TOPICS], epochMillis: 4_000, ownScore: () => 0 }),
    );
    const silent = Object.values(topics).reduce((sum, one) => sum + one.timeInMeshWeight * one.timeInMeshCap, 0);
    expect(silent).toBeLessThan(SCORE_THRESHOLDS.opportunisticGraftThreshold);
    expect(PERSISTENT_SCORE).toBeGreaterThan(SCORE_THRESHOLDS.opportunisticGraftThreshold);
  });

  test('a counter of one decays to nothing in the time given', () => {
    expect(decayOver(10_000) ** 10).toBeCloseTo(0.01);
    expect(decayOver(0)).toBeGreaterThan(0);
  });
});

describe('an identity file', () => {
  async function place(): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), 'plumbline-identity-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    return join(directory, 'deep', 'identity');
  }

  test('is made once, for its owner only, and read from then on', async () => {
    const path = await place();
    const first = await loadIdentity(path);
    expect(first.type).toBe('Ed25519');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await loadIdentity(path)).equals(first)).toBe(true);
    expect(await readdir(join(path, '..'))).toEqual(['identity']);
  });

  test('that others may read is refused, with the remedy', async () => {
    const path = await place();
    await loadIdentity(path);
    await chmod(path, 0o640);
    await expect(loadIdentity(path)).rejects.toMatchObject({
      code: 'identity-permissions',
      message: expect.stringContaining('chmod 600'),
    });
  });

  test.each(['', 'nonsense', 'x'.repeat(5_000)])('that holds no key is refused and left as it is', async (content) => {
    const path = await place();
    await loadIdentity(path);
    await writeFile(path, content);
    await expect(loadIdentity(path)).rejects.toMatchObject({ code: 'identity-corrupt' });
    expect(await readFile(path, 'utf8')).toBe(content);
  });
});
