import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { AggregateConfig, WatchConfig } from '../../cli/config.ts';
import { deployCommand } from '../../cli/deploy.ts';
import { filesUnder, read, rowsOf, section } from './markdown.ts';

const PAGE = read('docs/OPERATORS.md');
const ROOMS = ['protocol', 'platform', 'ledger', 'node', 'aggregator', 'audit', 'cli'];
const SOURCES = ROOMS.flatMap((room) => filesUnder(room, '.ts')).map(read);

/** Cells of the first column, without backticks. */
const firstCells = (heading: string) => rowsOf(section(PAGE, heading)).map((cells) => cells[0]!.replaceAll('`', ''));

type Property = {
  type?: string;
  default?: unknown;
  enum?: string[];
  minimum?: number;
  maximum?: number;
  maxItems?: number;
  properties?: Record<string, Property>;
};

/** The settings of a schema as the table writes them: name, default and bounds. */
function settingsOf(schema: z.ZodType): Map<string, string[]> {
  const { properties, required = [] } = z.toJSONSchema(schema, { io: 'input' }) as {
    properties: Record<string, Property>;
    required?: string[];
  };
  const flat = Object.entries(properties).flatMap(([name, property]): [string, Property][] =>
    property.properties
      ? Object.entries(property.properties).map(([inner, one]) => [`${name}.${inner}`, one])
      : [[name, property]],
  );
  const none = (name: string) => (required.includes(name) ? 'required' : 'none');
  return new Map(
    flat.map(([name, property]) => [
      name,
      [property.default === undefined ? none(name) : `\`${JSON.stringify(property.default)}\``, boundsOf(property)],
    ]),
  );
}

function boundsOf({ type, enum: values, minimum, maximum, maxItems }: Property): string {
  const whole = (n: number | undefined) => n?.toLocaleString('en-US');
  if (values) return values.join(', ');
  if (type === 'boolean') return 'true or false';
  if (type === 'integer') return `${whole(minimum)} to ${whole(maximum)}`;
  return maxItems === undefined ? '' : `at most ${maxItems}`;
}

/** Names between the braces of a schema that a module keeps to itself. */
function fieldsOf(source: string, schema: string): string[] {
  const body = new RegExp(`const ${schema} = z\\.strictObject\\(\\{\n([\\s\\S]*?)^\\}\\)`, 'm').exec(source)?.[1] ?? '';
  return [...body.matchAll(/^ {2}(\w+):/gm)].map((match) => match[1]!);
}

describe('the page for operators', () => {
  it('has every setting with its default and bounds', () => {
    const [watch, aggregate] = [settingsOf(WatchConfig), settingsOf(AggregateConfig)];
    const table = rowsOf(section(PAGE, 'Settings').split('### ')[0]!);
    const text = (name: string) => `\`${name}\``;
    expect(table.map(([name]) => name)).toEqual([...watch.keys()].map(text).sort(byOrderOf(table)));
    for (const [name, where, standard, bounds, meaning] of table) {
      const [expected, limits] = watch.get(name!.replaceAll('`', ''))!;
      expect([name, where], name).toEqual([name, aggregate.has(name!.replaceAll('`', '')) ? 'both' : 'watch']);
      expect([name, standard]).toEqual([name, expected]);
      if (limits !== '') expect([name, bounds]).toEqual([name, limits]);
      expect(meaning, name).toMatch(/\.$/);
    }
  });

  it('has every field of a deployment file and every setting of a deployment', () => {
    expect(firstCells('Deployment file')).toEqual(fieldsOf(read('cli/config.ts'), 'Deployment'));
    const settings = rowsOf(section(PAGE, 'Deploying to a chain')).filter((cells) => cells.length === 3);
    expect(settings.map(([name]) => name!.replaceAll('`', ''))).toEqual(
      fieldsOf(read('cli/deployconfig.ts'), 'Settings'),
    );
  });

  it('has every flag of a deployment', () => {
    const flags = rowsOf(section(PAGE, 'Deploying to a chain')).filter(([name]) => name!.startsWith('`--'));
    const own = deployCommand().options.map(({ long }) => `\`${long}\``);
    expect(flags.map(([name]) => name).sort()).toEqual(own.sort());
  });

  it('has every error code of the source, and no other', () => {
    const codes = SOURCES.flatMap((source) => [
      ...source.matchAll(/new PlumblineError\(\s*'([a-z0-9-]+)'/g),
      ...source.matchAll(/\bfail\(\s*'([a-z]+-[a-z-]+)',/g),
    ]).map((match) => match[1]!);
    expect(firstCells('Error codes').toSorted()).toEqual([...new Set([...codes, 'unexpected'])].sort());
  });

  it('knows where a code is not written out', () => {
    const hidden = SOURCES.flatMap((source) => [...source.matchAll(/new PlumblineError\(\s*([^'\s][^,]*),/g)]);
    expect(hidden.map((match) => match[1])).toEqual(['code']);
  });

  it('has every message from info up, with its level', () => {
    const messages = SOURCES.flatMap(messagesOf);
    const table = rowsOf(section(PAGE, 'Logs')).filter((cells) => cells.length === 3);
    const documented = table.map(([message, level]) => `${level}: ${message}`);
    expect([...new Set(documented)].sort()).toEqual([...new Set(messages)].sort());
  });

  it('has every code with which a proposal is refused', () => {
    const codes = [...read('node/attest.ts').matchAll(/\b(?:objection|passing)\('([a-z-]+)'/g)].map((one) => one[1]!);
    const table = rowsOf(section(PAGE, 'Logs')).filter((cells) => cells.length === 2);
    expect(table.map(([code]) => code!.replaceAll('`', '')).sort()).toEqual([...new Set(codes)].sort());
  });
});

function byOrderOf(table: readonly string[][]): (a: string, b: string) => number {
  const order = table.map(([name]) => name);
  return (a, b) => order.indexOf(a) - order.indexOf(b);
}

/** `level: message` of every call of a logger in a source; the message is its last argument. */
function messagesOf(source: string): string[] {
  return [...source.matchAll(/\blog\.(info|warn|error)\(/g)].map(({ 1: level, 0: opening, index }) => {
    let depth = 1;
    let end = index + opening.length;
    for (; depth > 0 && end < source.length; end++) depth += { '(': 1, ')': -1 }[source[end]!] ?? 0;
    const message = /'([^']+)',?\s*\)$/.exec(source.slice(index, end))?.[1];
    return `${level}: ${message ?? source.slice(index, end)}`;
  });
}
