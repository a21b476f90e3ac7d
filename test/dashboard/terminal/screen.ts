import { columnsOf } from '../../../dashboard/terminal/text.ts';

const ESCAPE = '\x1b';
const TOKENS = new RegExp(`${ESCAPE}\\[[?\\d;]*[A-Za-z]|[^]`, 'gu');

/** A terminal in memory that knows only what the live view may use; anything else is an error. */
export class Screen {
  columns: number;
  rows: number;
  written = '';
  cursorVisible = true;
  /** Everything ever shown, the scrolled part included. */
  #lines: string[][] = [[]];
  #row = 0;
  #column = 0;
  #resize = new Set<() => void>();

  constructor(columns: number, rows = 40) {
    this.columns = columns;
    this.rows = rows;
  }

  get text(): string[] {
    return this.#lines.map((line) => Array.from(line, (cell) => cell ?? ' ').join(''));
  }

  get listeners(): number {
    return this.#resize.size;
  }

  resize(columns: number): void {
    this.columns = columns;
    for (const listener of this.#resize) listener();
  }

  on(_: 'resize', listener: () => void): void {
    this.#resize.add(listener);
  }

  off(_: 'resize', listener: () => void): void {
    this.#resize.delete(listener);
  }

  write(text: string): void {
    this.written += text;
    for (const [token] of text.matchAll(TOKENS)) this.#obey(token);
  }

  #obey(token: string): void {
    if (token === '\r') this.#column = 0;
    else if (token === '\n') this.#down();
    else if (token.length > 1 && token.startsWith(ESCAPE)) this.#command(token.slice(1));
    else if (token < ' ') throw new Error(`unexpected control ${JSON.stringify(token)}`);
    else this.#put(token);
  }

  #command(sequence: string): void {
    if (sequence === '[K') this.#lines[this.#row]!.length = this.#column;
    else if (sequence === '[J') this.#eraseBelow();
    else if (sequence === '[?25l') this.cursorVisible = false;
    else if (sequence === '[?25h') this.cursorVisible = true;
    else if (/^\[\d+A$/.test(sequence)) this.#up(Number(sequence.slice(1, -1)));
    else if (!/^\[(\?2026[hl]|[\d;]*m)$/.test(sequence)) throw new Error(`unexpected sequence ${sequence}`);
  }

  #put(character: string): void {
    const line = this.#lines[this.#row]!;
    const columns = columnsOf(character);
    if (columns === 0) {
      line[this.#column - 1] += character;
      return;
    }
    if (this.#column + columns > this.columns) throw new Error(`a line is wider than ${this.columns} columns`);
    line[this.#column] = character;
    if (columns === 2) line[this.#column + 1] = '';
    this.#column += columns;
  }

  #down(): void {
    this.#row += 1;
    this.#lines[this.#row] ??= [];
  }

  #up(count: number): void {
    // What has scrolled away cannot be reached.
    this.#row = Math.max(0, this.#lines.length - this.rows, this.#row - count);
  }

  #eraseBelow(): void {
    this.#lines[this.#row]!.length = this.#column;
    this.#lines.length = this.#row + 1;
  }
}
