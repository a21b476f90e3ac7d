import { expect, test } from 'vitest';
import { MINIMAL } from '../../../protocol/parameters.ts';
import type { Landing } from '../../../scripts/soak/owed.ts';
import { type Episode, judgeEpisode } from '../../../scripts/soak/partitioned.ts';

const calendar = { genesis: 1_700_000_000, epochSeconds: MINIMAL.epochSeconds };
const at = (millis: number) => calendar.genesis * 1000 + millis;
/** The report of an epoch, so many milliseconds after its end. */
const landing = (epoch: number, signers: readonly number[] = [0, 1, 2, 3], late = 2_000): Landing => ({
  epoch,
  view: 0,
  signers,
  at: at((epoch + 1) * 4_000 + late),
});
const cut = (hasQuorum: boolean): Episode => ({
  name: 'cut',
  hasQuorum,
  silenced: hasQuorum ? [3] : [],
  cutAt: at(41_000),
  healedAt: at(65_000),
});
const judge = (hasQuorum: boolean, landings: Landing[]) =>
  judgeEpisode(calendar, MINIMAL.parameters, 4, cut(hasQuorum), landings);
const rest = [10, 11, 12, 13, 14].map((epoch) => landing(epoch, [0, 1, 2]));
const after = [landing(16), landing(17)];

test('a side with a quorum that goes on, and everybody after the healing, are no fault', () => {
  const { faults, result } = judge(true, [landing(9), ...rest, ...after]);
  expect(faults).toEqual([]);
  expect(result).toMatchObject({ reports: 6, longestMillis: 4_000, healMillis: 5_000, wholeMillis: 5_000 });
});

test('a report that lands while no side has a quorum is found; one that was attested before the cut is none', () => {
  expect(judge(false, [landing(9), ...after]).faults).toEqual([]);
  expect(judge(false, [landing(12), ...after]).faults).toEqual([
    'cut: no side has a quorum, and the report of epoch 12 landed',
  ]);
});

test('a side with a quorum that stops is found', () => {
  expect(judge(true, [landing(9), ...after]).faults.join()).toContain('a side has a quorum, and no report landed for');
});

test('a signer from the other side is found', () => {
  expect(judge(true, [landing(9), ...rest, landing(13), ...after]).faults).toEqual([
    'cut: the report of epoch 13 has signers from the other side: 3',
  ]);
});

test('no report after the healing, one too late, and one that not everybody signs, are found', () => {
  expect(judge(true, rest).faults.join()).toContain('healed, and no report landed');
  expect(judge(true, [...rest, landing(26)]).faults.join()).toContain('the next report took 45000 ms');
  expect(judge(true, [...rest, landing(16, [0, 1, 2])]).faults).toEqual(['cut: healed, and not everybody signs again']);
});
