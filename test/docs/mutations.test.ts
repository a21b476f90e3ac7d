import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { occurrences, sourceOf } from '../../scripts/mutate/mutation.ts';
import { PAGE_PATH } from '../../scripts/mutate/page.ts';
import { MUTATIONS } from '../../scripts/mutate/table.ts';

describe('the table of mutations', () => {
  it('has each text to find exactly once in its contract, and changes it', () => {
    const stale = MUTATIONS.filter((one) => occurrences(one, sourceOf(one)) !== 1 || one.find === one.replace);
    expect(stale.map(({ file, name }) => `${file}: ${name}`)).toEqual([]);
  });

  it('names every mutation once', () => {
    const names = MUTATIONS.map(({ name }) => name);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
    expect(names.length).toBeGreaterThanOrEqual(30);
  });

  it('is the one of which the page tells (else run: npm run mutate -- --write)', () => {
    expect(existsSync(PAGE_PATH)).toBe(true);
    const rows = [...readFileSync(PAGE_PATH, 'utf8').matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map(([, name]) => name);
    expect(rows.sort()).toEqual(MUTATIONS.map(({ name }) => name).sort());
  });
});
