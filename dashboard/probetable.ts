import { OUTCOME } from '../protocol/sample.ts';
import { OUTCOME_STYLES } from './probe.ts';
import { OUTCOME_NAMES, type ProbeView } from './probesummary.ts';
import { clean, clip, columnsOf, type Paint } from './terminal/text.ts';
import { formatMicros, type Phase } from './waterfall.ts';

const NUMBER_COLUMNS = 4;
const CODE_COLUMNS = 5;
/** 100.0 ms and a blank. */
const TIME_COLUMNS = 9;
/** Two blanks and `unknown` with room to spare; what is longer is clipped, and the reason says it anyway. */
const OUTCOME_COLUMNS = 11;
/** What gives way first in a narrow terminal. */
const DISPENSABLE: readonly string[] = ['resolve', 'transfer', 'tls', 'connect', 'first byte'];

/** Repeated probes, one below the other. */
export type ProbeTable = {
  readonly head: string;
  /** One line, and a second one for what went wrong where it does not fit beside the times. */
  row(index: number, view: ProbeView): string[];
};

/** @param phases of such a probe, in their order; those for which `columns` has no room are left out */
export function probeTable(
  phases: readonly Pick<Phase, 'name' | 'isLeftOut'>[],
  columns: number,
  paint: Paint,
): ProbeTable {
  const shown = fitting(phases, columns);
  const number = (text: string) => paint('dim', text.padStart(NUMBER_COLUMNS));
  const time = (micros: number | undefined, width: number) =>
    (micros === undefined ? '-' : formatMicros(micros)).padStart(width);
  const rest = columns - widthOf(shown) - 2;
  const heads = shown.map(({ name }) => name.padStart(columnsFor(name)));
  return {
    head: paint(
      'dim',
      ['#'.padStart(NUMBER_COLUMNS), 'code'.padStart(CODE_COLUMNS), 'total'.padStart(TIME_COLUMNS), ...heads].join(''),
    ),
    row: (index, view) => {
      const times = shown.map(({ name }) =>
        time(view.phases.find((phase) => phase.name === name)?.micros, columnsFor(name)),
      );
      const total = time(view.totalMicros, TIME_COLUMNS);
      const start = [
        number(String(index + 1)),
        String(view.code ?? '-').padStart(CODE_COLUMNS),
        view.totalMicros === undefined ? total : paint('bold', total),
        ...times,
        '  ',
      ].join('');
      const name = OUTCOME_NAMES[view.outcome];
      const style = OUTCOME_STYLES[view.outcome]!;
      if (view.outcome === OUTCOME.good) return [`${start}${paint(style, name)}`];
      const why = clean(view.detail === '' ? view.reason : `${view.reason} (${view.detail})`);
      if (columnsOf(`${name}: ${why}`) <= rest) return [`${start}${paint(style, name)}: ${why}`];
      const indent = NUMBER_COLUMNS + 1;
      return [`${start}${paint(style, clip(name, rest))}`, `${' '.repeat(indent)}${clip(why, columns - indent)}`];
    },
  };
}

function fitting<T extends Pick<Phase, 'name' | 'isLeftOut'>>(phases: readonly T[], columns: number): readonly T[] {
  // What probes of this kind do not have is missed by nobody.
  const order = [...phases.filter(({ isLeftOut }) => isLeftOut).map(({ name }) => name), ...DISPENSABLE];
  let shown = phases;
  for (const name of order) {
    if (widthOf(shown) + OUTCOME_COLUMNS <= columns) break;
    shown = shown.filter((phase) => phase.name !== name);
  }
  return shown;
}

/** Of a row up to its outcome. */
function widthOf(phases: readonly Pick<Phase, 'name'>[]): number {
  return phases.reduce((sum, { name }) => sum + columnsFor(name), NUMBER_COLUMNS + CODE_COLUMNS + TIME_COLUMNS);
}

function columnsFor(name: string): number {
  return Math.max(TIME_COLUMNS, name.length + 1);
}
