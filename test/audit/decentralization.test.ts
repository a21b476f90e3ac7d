import { beforeAll, describe, expect, it } from 'vitest';
import { decentralization } from '../../audit/decentralization.ts';
import { decentralizationJson, renderDecentralization } from '../../audit/table.ts';
import type { Bls } from '../../platform/bls/bls.ts';
import { createBls } from '../../platform/bls/create.ts';
import { createWorld, leaderIn } from '../support/world.ts';

let bls: Bls;

beforeAll(async () => {
  bls = await createBls(() => undefined);
});

const OPTIONS = {
  seed: 7,
  stakes: [400n, 300n, 200n, 100n, 100n],
  operatorIds: ['alpha', 'beta', 'alpha', '', 'gamma\u001b[31m'],
  regions: [1, 1, 2, 0, 2],
  epochs: 8,
  missed: [3],
};

const world = () =>
  createWorld({
    bls,
    ...OPTIONS,
    signersOf: (epoch, seats) => (epoch % 2 === 0 ? seats : [0, 1, 2]),
    countedOf: (epoch, seats) => (epoch === 5 ? [0, 1] : seats),
    viewOf: (epoch) => epoch % 3,
  });

describe('audit decentralization', () => {
  it('adds up stake, signatures, batches and proposals by operator', async () => {
    const one = world();
    const found = await decentralization(one.chain);
    expect(found).toMatchObject({ fromEpoch: 0, toEpoch: 7, reports: 7, missed: 1 });
    const { tallies, concentration } = found.operators;
    expect(tallies.map(({ name, seats, stake }) => [name, seats, stake])).toEqual([
      ['alpha', 2, 600n],
      ['beta', 1, 300n],
      [one.set.seats[3]!.operator, 1, 100n],
      ['gamma\u001b[31m', 1, 100n],
    ]);
    // Epochs 0 2 4 6 are signed by all, 1 5 7 by seats 0 1 2; epoch 5 counts seats 0 1 only.
    expect(tallies[0]).toMatchObject({ eligible: 14, signed: 14, signedStake: 7n * 600n, counted: 13 });
    expect(tallies[3]).toMatchObject({ eligible: 7, signed: 4, signedStake: 400n, counted: 6 });
    const leaders = one.landed.map((landed) => leaderIn(one, OPTIONS.seed, landed));
    expect(tallies[0]!.proposed).toBe(leaders.filter((seat) => seat === 0 || seat === 2).length);
    expect(tallies.reduce((sum, { proposed }) => sum + proposed, 0)).toBe(7);
    expect(concentration.stake).toEqual({ holders: 4, toHalt: 1, toForge: 2, giniPpm: 386_363, hhi: 3_884 });
  });

  it('does the same by region', async () => {
    const { tallies } = (await decentralization(world().chain)).regions;
    expect(tallies.map(({ name, stake }) => [name, stake])).toEqual([
      ['region 1', 700n],
      ['region 2', 300n],
      ['undeclared', 100n],
    ]);
  });

  it('looks at the last epochs only when told to', async () => {
    const found = await decentralization(world().chain, 2);
    expect(found).toMatchObject({ fromEpoch: 6, toEpoch: 7, reports: 2, missed: 0 });
  });

  it('prints a table in which a label cannot take over the terminal', async () => {
    const found = await decentralization(world().chain);
    const text = renderDecentralization(found).join('\n');
    expect(text).toContain('epochs 0 to 7: 7 reports on chain, 1 epochs without one');
    expect(text).toMatch(/alpha +2 +54\.54 %/);
    expect(text).toMatch(/Nakamoto, to halt \(>= 1\/3\) +1 /);
    expect(text).not.toContain('\u001b');
    expect(JSON.parse(JSON.stringify(decentralizationJson(found))).operators.tallies[0].stake).toBe('600');
  });

  it('refuses a chain without reports', async () => {
    const empty = createWorld({ bls, epochs: 0 });
    await expect(decentralization(empty.chain)).rejects.toMatchObject({ code: 'no-reports' });
  });
});
