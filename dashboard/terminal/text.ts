import { stripVTControlCharacters, styleText } from 'node:util';

/** One sentence fits easily; a provider's page pasted into a reason does not flood the screen. */
export const TEXT_CHARACTERS_MAX = 500;

export type Style = Parameters<typeof styleText>[0];
/** Colours a piece of text, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;
/** A piece of one line and how it looks. */
export type Span = readonly [text: string, style?: Style];

/** Whether a stream wants colours was decided before: `styleText` must not decide again from the process's own stdout. */
export function painter(colour: boolean): Paint {
  return colour ? (style, text) => styleText(style, text, { validateStream: false }) : (_, text) => text;
}

/** Text from elsewhere made harmless: no escape sequences, control or direction characters; one line, bounded. */
export function clean(text: string): string {
  const printable = stripVTControlCharacters(text.slice(0, 4 * TEXT_CHARACTERS_MAX)).replace(
    /[\p{C}\p{Zl}\p{Zp}]+/gu,
    ' ',
  );
  return printable.trim().slice(0, TEXT_CHARACTERS_MAX).toWellFormed();
}

const ZERO_WIDTH = /\p{M}/u;
const DOUBLE_WIDTH =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

/** Columns that unpainted text takes in a terminal. */
export function columnsOf(text: string): number {
  // Nearly everything shown is one column a character.
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let columns = 0;
  for (const character of text) columns += ZERO_WIDTH.test(character) ? 0 : DOUBLE_WIDTH.test(character) ? 2 : 1;
  return columns;
}

/** Cut to `columns`, with an ellipsis where something is missing. */
export function clip(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  if (columns < 1) return '';
  return `${head(text, columns - 1)}…`;
}

export function padEnd(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - columnsOf(text)));
}

/** Broken at spaces into lines of at most `columns`; a word that is longer is broken inside. */
export function wrap(text: string, columns: number): string[] {
  const width = Math.max(columns, 2);
  const lines: string[] = [];
  let line = '';
  for (let word of text.split(' ')) {
    if (line !== '' && columnsOf(line) + 1 + columnsOf(word) <= width) {
      line += ` ${word}`;
      continue;
    }
    if (line !== '') lines.push(line);
    while (columnsOf(word) > width) {
      const start = head(word, width);
      lines.push(start);
      word = word.slice(start.length);
    }
    line = word;
  }
  return [...lines, line];
}

/** Of some ways to say the same, most telling first, the first that fits; the last one clipped if none does. */
export function firstFit(variants: readonly string[], columns: number): string {
  return variants.find((variant) => columnsOf(variant) <= columns) ?? clip(variants.at(-1) ?? '', columns);
}

/** As `firstFit`, of lines in several colours: what does not fit loses its end. */
export function fitSpans(variants: readonly (readonly Span[])[], columns: number, paint: Paint): string {
  const widthOf = (spans: readonly Span[]) => spans.reduce((sum, [text]) => sum + columnsOf(text), 0);
  const chosen = variants.find((spans) => widthOf(spans) <= columns) ?? variants.at(-1) ?? [];
  let left = columns;
  let line = '';
  for (const [text, style] of chosen) {
    const shown = clip(text, left);
    left -= columnsOf(shown);
    line += style === undefined || shown === '' ? shown : paint(style, shown);
  }
  return line;
}

/** A symbol, then text that keeps clear of the symbol's column on every line. */
export function bullet(symbol: Span, text: string, columns: number, paint: Paint, style?: Style): string[] {
  const [mark, markStyle] = symbol;
  return wrap(text, columns - 2).map((line, index) => {
    const start = index > 0 ? '  ' : `${markStyle === undefined ? mark : paint(markStyle, mark)} `;
    return start + (style === undefined ? line : paint(style, line));
  });
}

/** The longest start of the text that fits. */
function head(text: string, columns: number): string {
  let taken = '';
  let width = 0;
  for (const character of text) {
    width += columnsOf(character);
    if (width > columns) break;
    taken += character;
  }
  return taken;
}
