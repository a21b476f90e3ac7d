/**
 * A small part of JSONPath (RFC 9535), enough to name one value: `$`, then `.name` and `[0]`. No wildcards, no filters, no
 * search: a path that can be read by eye and costs as many steps as it has parts.
 */
export type JsonPath = readonly (string | number)[];

/** Far deeper than answers nest what a service is measured by. */
export const PATH_STEPS_MAX = 16;
/** Long enough for 16 long names. */
export const PATH_CHARS_MAX = 512;
/** Levels of an answer: more than any API has, and few enough to go down with as many calls. */
export const VALUE_DEPTH_MAX = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** A brace is a bracket with this bit set. */
const BRACE_BIT = 0x20;
const BRACE_OPEN = 0x7b;
const BRACE_CLOSE = 0x7d;
const STEP = /\.([A-Za-z_][A-Za-z0-9_-]*)|\[(0|[1-9][0-9]{0,5})\]/y;

/** Undefined when the text is not such a path, to its last character. */
export function parseJsonPath(text: string): JsonPath | undefined {
  if (text.length > PATH_CHARS_MAX || !text.startsWith('$')) return undefined;
  const steps: (string | number)[] = [];
  STEP.lastIndex = 1;
  for (let at = 1; at < text.length; at = STEP.lastIndex) {
    const match = STEP.exec(text);
    if (match === null || steps.length === PATH_STEPS_MAX) return undefined;
    steps.push(match[1] ?? Number(match[2]));
  }
  return steps;
}

/** The value that a path leads to; undefined when there is none, which no JSON value is. */
export function valueAt(json: unknown, path: JsonPath): unknown {
  let value = json;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) !== (typeof step === 'number'))
      return undefined;
    if (!Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

/**
 * The value that a text in UTF-8 says; undefined when it is no JSON, or deeper than VALUE_DEPTH_MAX. Counted first: a megabyte of
 * brackets takes a parser a second, in which no other probe of this process is stamped.
 */
export function parseJson(bytes: Uint8Array): { text: string; json: unknown } | undefined {
  if (!isShallow(bytes)) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return { text, json: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function isShallow(bytes: Uint8Array): boolean {
  let depth = 0;
  let isText = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte === QUOTE) isText = !isText;
    else if (byte === BACKSLASH) i += 1;
    else if (!isText && (byte | BRACE_BIT) === BRACE_OPEN && ++depth > VALUE_DEPTH_MAX) return false;
    else if (!isText && (byte | BRACE_BIT) === BRACE_CLOSE) depth -= 1;
  }
  return true;
}

/**
 * The one text of a JSON value (RFC 8785): members by UTF-16 order of their names, no blanks, numbers as JavaScript writes
 * them, so a whole number beyond 2^53 is rounded.
 * @param value from `parseJson`, which bounds how deep this goes
 */
export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, inner]) => `${JSON.stringify(name)}:${canonicalJson(inner)}`).join(',')}}`;
}
