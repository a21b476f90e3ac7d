import { type Logger, pino } from 'pino';
import { toHex } from '../protocol/bytes.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

type Fields = Record<string, unknown>;

/** What the program needs of a logger: fields first, then one constant sentence. Errors go under `err`. */
export interface Log {
  debug(fields: Fields, message: string): void;
  info(fields: Fields, message: string): void;
  warn(fields: Fields, message: string): void;
  error(fields: Fields, message: string): void;
  /** A logger that adds these fields to every line. */
  child(fields: Fields): Log;
}

export interface LogOptions {
  readonly level: LogLevel;
  /** `stderr`, or the path of a file that lines are appended to (its directory is made). */
  readonly destination: string;
  /** In every line, as `name`. */
  readonly name: string;
}

/** A field of one of these names never reaches a log, at any depth: its value is replaced. Compared in lower case. */
export const SECRET_NAMES: ReadonlySet<string> = new Set(
  ['secret', 'secretKey', 'privateKey', 'password', 'passphrase', 'mnemonic', 'seedPhrase', 'keystore', 'salt']
    .concat(['authorization', 'cookie', 'apiKey', 'token', 'bearer'])
    .map((name) => name.toLowerCase()),
);
export const REDACTED = '[redacted]';

/** Deeper values are cut: a log line is for people, and a cycle must end somewhere. */
export const LOG_DEPTH_MAX = 6;
/** Longer arrays and byte strings are cut. */
export const LOG_ITEMS_MAX = 64;
/** Longer strings are cut: an RPC server's error page can have megabytes. Characters. */
export const LOG_STRING_MAX = 4_096;
/** A shorter secret would blank out innocent text everywhere. Characters. */
export const HIDDEN_CHARACTERS_MIN = 8;

const hidden = new Set<string>();

/**
 * From now on this text is replaced in every line of every logger, wherever it turns up: for API keys inside URLs, which
 * libraries quote in their error messages. Shorter than HIDDEN_CHARACTERS_MIN is ignored.
 */
export function hideFromLogs(secret: string): void {
  if (secret.length < HIDDEN_CHARACTERS_MIN) return;
  hidden.add(secret);
  // As it looks inside a JSON line.
  hidden.add(JSON.stringify(secret).slice(1, -1));
}

/** Lines are written synchronously: few a second, and the last one before a crash is the one that matters. */
export function createLog({ level, destination, name }: LogOptions): Log {
  const sink = pino.destination({ dest: destination === 'stderr' ? 2 : destination, sync: true, mkdir: true });
  const logger = pino(
    {
      level,
      name,
      base: { name },
      formatters: { level: (label) => ({ level: label }), log: (fields) => scrub(fields) as Fields },
      serializers: { err: (error: unknown) => error },
      timestamp: pino.stdTimeFunctions.isoTime,
      hooks: { streamWrite: hide },
    },
    sink,
  );
  return scrubbing(logger);
}

/** pino scrubs what a line brings; what a child adds to every line is written into its prefix past that hook. */
function scrubbing(logger: Logger): Log {
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    child: (fields) => scrubbing(logger.child(scrub(fields) as Fields)),
  };
}

export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLog,
};

function hide(line: string): string {
  let shown = line;
  for (const secret of hidden) shown = shown.replaceAll(secret, REDACTED);
  return shown;
}

/** A copy that is safe and possible to print: no secrets, no cycles, integers and bytes as text. */
export function scrub(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return cut(withoutCredentials(value));
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`;
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof Uint8Array) return bytes(value);
  if (depth >= LOG_DEPTH_MAX) return '[deeper]';
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (value instanceof Error) return scrubError(value, depth);
  if (Array.isArray(value)) return items(value, depth);
  if (value instanceof Set) return items([...value], depth);
  if (value instanceof Map)
    return scrubEntries(
      [...value].map(([key, item]) => [String(key), item]),
      depth,
    );
  return scrubEntries(Object.entries(value), depth);
}

function scrubError(error: Error, depth: number): unknown {
  const fields = { ...error, type: error.name, message: error.message, stack: error.stack, cause: error.cause };
  return scrubEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
    depth,
  );
}

function scrubEntries(entries: readonly [string, unknown][], depth: number): Fields {
  return Object.fromEntries(
    entries.map(([name, value]) => [name, SECRET_NAMES.has(name.toLowerCase()) ? REDACTED : scrub(value, depth + 1)]),
  );
}

function items(list: readonly unknown[], depth: number): unknown[] {
  const shown = list.slice(0, LOG_ITEMS_MAX).map((item) => scrub(item, depth + 1));
  return list.length > LOG_ITEMS_MAX ? [...shown, `[${list.length - LOG_ITEMS_MAX} more]`] : shown;
}

function bytes(value: Uint8Array): string {
  if (value.length <= LOG_ITEMS_MAX) return toHex(value);
  return `${toHex(value.subarray(0, LOG_ITEMS_MAX))}[${value.length - LOG_ITEMS_MAX} more]`;
}

function cut(text: string): string {
  return text.length > LOG_STRING_MAX ? `${text.slice(0, LOG_STRING_MAX)}[${text.length - LOG_STRING_MAX} more]` : text;
}

/** `https://user:password@host/?apikey=…` keeps its host and loses the rest. */
function withoutCredentials(text: string): string {
  return text
    .replace(/\/\/[^\s/@]+@/g, `//${REDACTED}@`)
    .replace(/([?&](?:[a-z_-]*key|token|secret|password|auth)=)[^&\s"']+/gi, `$1${REDACTED}`);
}
