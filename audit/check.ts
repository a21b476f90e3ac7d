/** One statement that was looked into. `ok` undefined: it could not be, and `detail` says why. It never means yes. */
export type Check = {
  readonly what: string;
  readonly ok: boolean | undefined;
  readonly detail?: string;
  readonly where?: Place;
  readonly expected?: string;
  readonly got?: string;
};

/** Where in the evidence a check failed, as far as it is known. */
export type Place = {
  readonly file?: string;
  readonly seat?: number;
  /** Part of the record, in words. */
  readonly region?: string;
  /** First byte concerned, from the start of the file. */
  readonly offset?: number;
};

export type Section = { readonly title: string; readonly checks: readonly Check[] };

/** Exit codes of the audit; the same for a script that reads the JSON. */
export const AUDIT_EXIT = { follows: 0, wrong: 1, usage: 2, unknown: 3 } as const;

export const pass = (what: string, detail?: string): Check => ({ what, ok: true, ...(detail ? { detail } : {}) });

export const unknown = (what: string, detail: string): Check => ({ what, ok: undefined, detail });

export function fail(what: string, more: Omit<Check, 'what' | 'ok'> = {}): Check {
  return { what, ok: false, ...more };
}

/** A check that compares: what differs is shown only when it does. */
export function compare(what: string, expected: string, got: string, where?: Place): Check {
  return expected === got ? pass(what) : fail(what, { expected, got, ...(where ? { where } : {}) });
}
