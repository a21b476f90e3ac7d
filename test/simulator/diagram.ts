import type { Topic } from '../../platform/network/network.ts';
import type { Delivered } from '../support/simnet/network.ts';

/** Rows printed: what led to a violation is among the last. */
const ROWS_MAX = 120;

const SENT: Readonly<Record<Topic, string>> = {
  commit: 'C',
  reveal: 'R',
  proposal: 'P',
  attestation: 'A',
  refusal: 'F',
};

type Row = { readonly at: string; readonly text: string; readonly marks: Map<string, string> };

/**
 * A sequence diagram of a world: one lane a host, one row a message, in the order of sending. In the sender's lane stands what it
 * is, in the others what became of it there.
 */
export class Diagram {
  readonly #hosts: readonly string[];
  readonly #rows: Row[] = [];
  readonly #messages = new Map<string, Row>();

  constructor(hosts: readonly string[]) {
    this.#hosts = hosts;
  }

  sent(at: string, from: string, topic: Topic, id: string, what: string): void {
    const row = this.#add({ at, text: what, marks: new Map([[from, SENT[topic]]]) });
    this.#messages.set(id, row);
  }

  judged({ to, id, verdict }: Delivered): void {
    const row = this.#messages.get(id);
    if (!row || row.marks.has(to)) return;
    row.marks.set(to, verdict === 'accept' ? '•' : verdict === 'known' ? '=' : '×');
  }

  /** Something that is no message; the host that it begins with gets a mark. */
  event(at: string, text: string): void {
    const host = text.split(' ')[0]!;
    const mark = text.includes(' dies') ? '†' : text.includes(' starts') ? '↑' : '!';
    this.#add({ at, text, marks: new Map(this.#hosts.includes(host) ? [[host, mark]] : []) });
  }

  lines(): string[] {
    const width = Math.max(...this.#hosts.map((name) => name.length)) + 1;
    const head = this.#hosts.map((name) => name.padStart(width)).join('');
    const rows = this.#rows.map(({ at, text, marks }) => {
      const lanes = this.#hosts.map((name) => (marks.get(name) ?? '│').padStart(width)).join('');
      return `${at}${lanes}  ${text}`;
    });
    return [
      'C commit  R reveal  P proposal  A attestation  F refusal   • taken  = known  × refused or ignored  │ not heard  † dies  ↑ starts',
      `${''.padStart(8)}${head}`,
      ...rows,
    ];
  }

  #add(row: Row): Row {
    this.#rows.push(row);
    if (this.#rows.length > ROWS_MAX) this.#rows.shift();
    return row;
  }
}
