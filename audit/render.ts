import { AUDIT_EXIT, type Check, type Place } from './check.ts';
import type { ReplayVerdict } from './replay.ts';

const MARKS = new Map<boolean | undefined, string>([
  [true, '✓'],
  [false, '✗'],
  [undefined, '?'],
]);

/** A verdict for the screen: one line per check, what differs below it, the conclusion last. */
export function renderVerdict({ sections, conclusion }: ReplayVerdict): string[] {
  const lines = sections.flatMap(({ title, checks }) =>
    checks.length === 0 ? [] : [title, ...checks.flatMap(renderCheck), ''],
  );
  return [...lines, conclusion];
}

/** One check: its mark and statement, and below it where, what was expected and what was found. */
export function renderCheck(check: Check): string[] {
  const { what, ok, detail, where, expected, got } = check;
  const place = where ? placeText(where) : '';
  const lines = [`  ${MARKS.get(ok)} ${what}${detail ? ` (${detail})` : ''}`];
  if (place !== '') lines.push(`      at ${place}`);
  if (expected !== undefined) lines.push(`      expected ${expected}`, `      got      ${got}`);
  return lines;
}

function placeText({ file, seat, region, offset }: Place): string {
  const parts = [
    file,
    seat === undefined ? undefined : `seat ${seat}`,
    region,
    offset === undefined ? undefined : `byte ${offset}`,
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}

const STATUS = { [AUDIT_EXIT.follows]: 'follows', [AUDIT_EXIT.wrong]: 'wrong', [AUDIT_EXIT.unknown]: 'unknown' };

/** The same for programs. `ok` is null where the text shows a question mark. */
export function verdictJson(verdict: ReplayVerdict): object {
  const { epoch, exit, conclusion, sections } = verdict;
  const json = ({ ok, ...rest }: Check) => ({ ...rest, ok: ok ?? null });
  return {
    epoch,
    status: STATUS[exit],
    conclusion,
    sections: sections.map(({ title, checks }) => ({ title, checks: checks.map(json) })),
  };
}
