import { type Concentration, PPM, percent, sharePpm } from './concentration.ts';
import { type Decentralization, type Group, MEASURES, type Measure, type Tally } from './decentralization.ts';

const TITLES: Readonly<Record<Measure, string>> = {
  stake: 'stake',
  signedStake: 'signed stake',
  signed: 'signatures',
  counted: 'batches',
  proposed: 'proposals',
};

/** A label on chain is somebody else's text: control characters are not printed, and long ones are cut. Characters. */
export const NAME_CHARACTERS_MAX = 42;

export function renderDecentralization(found: Decentralization): string[] {
  const { fromEpoch, toEpoch, reports, missed } = found;
  return [
    `epochs ${fromEpoch} to ${toEpoch}: ${reports} reports on chain, ${missed} epochs without one`,
    '',
    ...renderGroup('operator', found.operators),
    '',
    ...renderGroup('region', found.regions),
  ];
}

function renderGroup(title: string, { tallies, concentration }: Group): string[] {
  const sums = Object.fromEntries(MEASURES.map((m) => [m, tallies.reduce((sum, t) => sum + BigInt(t[m]), 0n)]));
  const share = (tally: Tally, measure: Measure) => percent(sharePpm(BigInt(tally[measure]), sums[measure]!));
  const head = [title, 'seats', ...MEASURES.map((measure) => TITLES[measure]), 'signed of'];
  const rows = tallies.map((tally) => [
    printable(tally.name),
    String(tally.seats),
    ...MEASURES.map((measure) => share(tally, measure)),
    `${tally.signed}/${tally.eligible}`,
  ]);
  const metric = (name: string, value: (one: Concentration) => string) => [
    name,
    '',
    ...MEASURES.map((measure) => value(concentration[measure])),
    '',
  ];
  return align([
    head,
    ...rows,
    metric('Nakamoto, to halt (>= 1/3)', ({ toHalt }) => String(toHalt)),
    metric('Nakamoto, to forge (> 2/3)', ({ toForge }) => String(toForge)),
    metric('Gini', ({ giniPpm }) => decimal(giniPpm)),
    metric('HHI', ({ hhi }) => String(hhi)),
  ]);
}

/** The first columns left, the others right. */
export function align(rows: readonly (readonly string[])[], left = 1): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column < left ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
}

/** A label as one line of bounded length. */
export function printable(name: string): string {
  const clean = name.replace(/[\p{C}\p{Z}]/gu, '·');
  return clean.length > NAME_CHARACTERS_MAX ? `${clean.slice(0, NAME_CHARACTERS_MAX - 1)}…` : clean;
}

function decimal(ppm: number): string {
  return ppm >= Number(PPM) ? '1.000' : `0.${String(Math.floor(ppm / 1_000)).padStart(3, '0')}`;
}

/** The same for programs; stakes are strings, because they do not fit a JSON number. */
export function decentralizationJson(found: Decentralization): object {
  const group = ({ tallies, concentration }: Group) => ({
    tallies: tallies.map((t) => ({ ...t, stake: String(t.stake), signedStake: String(t.signedStake) })),
    concentration,
  });
  return { ...found, operators: group(found.operators), regions: group(found.regions) };
}
