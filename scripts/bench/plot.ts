import { PlumblineError } from '../../protocol/error.ts';

/** A line of the plot: a bound, and in what percentage of cases it held. */
export type Row = { readonly name: string; readonly percent: number };

/** More rows than any table here has would not fit on a page. */
export const ROWS_MAX = 200;
export const PLOT_TITLE = 'Cases in which a published bound held';
/** The axis begins here; what holds less often is drawn at its edge. */
const PERCENT_MIN = 75;
const TARGET = 95;
const LEFT = 460;
const WIDTH = 500;
const LINE = 18;
const TOP = 34;

/** The rows of the table between the markers `<!-- name: … -->` and `<!-- name end -->`. @throws PlumblineError `plot` without them */
export function rowsOf(markdown: string, name: string): Row[] {
  const begin = markdown.indexOf(`<!-- ${name}:`);
  const end = markdown.indexOf(`<!-- ${name} end -->`);
  const lines = markdown.slice(begin, end).split('\n').slice(3);
  const rows = lines.flatMap((line) => {
    const [, bound, , percent] = line.split('|').map((cell) => cell.trim());
    return bound === undefined || percent === undefined || percent === ''
      ? []
      : [{ name: bound, percent: Number(percent) }];
  });
  const isSound = begin >= 0 && rows.length > 0 && rows.length <= ROWS_MAX && rows.every(({ percent }) => percent >= 0);
  if (isSound) return rows;
  throw new PlumblineError(
    'plot',
    `there is no table of 1 to ${ROWS_MAX} rows between the markers ${name}; the bench writes it`,
  );
}

/** A dot for each row on an axis of percentages, and a line at the promised 95. Black on nothing: pages are light and dark. */
export function plotSvg(title: string, rows: readonly Row[]): string {
  const height = TOP + rows.length * LINE + 30;
  const x = (percent: number) => LEFT + (WIDTH * (Math.max(percent, PERCENT_MIN) - PERCENT_MIN)) / (100 - PERCENT_MIN);
  const ticks = [75, 80, 85, 90, 95, 100].map(
    (percent) =>
      `<line x1="${x(percent)}" y1="${TOP - 6}" x2="${x(percent)}" y2="${height - 24}" class="${percent === TARGET ? 'target' : 'tick'}"/>` +
      `<text x="${x(percent)}" y="${height - 8}" text-anchor="middle">${percent} %</text>`,
  );
  const dots = rows.map(({ name, percent }, i) => {
    const y = TOP + i * LINE + LINE / 2;
    const kind = percent < TARGET ? 'below' : 'holds';
    return (
      `<text x="${LEFT - 12}" y="${y + 4}" text-anchor="end">${escapeXml(name)}</text>` +
      `<circle cx="${x(percent).toFixed(1)}" cy="${y}" r="4" class="${kind}"/>`
    );
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${LEFT + WIDTH + 30}" height="${height}" font-family="sans-serif" font-size="12">
<title>${escapeXml(title)}</title>
<style>svg { background: #fff } .tick { stroke: #ddd } .target { stroke: #c33; stroke-dasharray: 4 3 } .holds { fill: #2a6f4e } .below { fill: #c33 }</style>
<text x="${LEFT}" y="16" font-size="13">${escapeXml(title)}</text>
${ticks.join('\n')}
${dots.join('\n')}
</svg>
`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
