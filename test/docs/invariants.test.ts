import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT, read, rowsOf } from './markdown.ts';

const rows = rowsOf(read('docs/INVARIANTS.md'));

/** `file` › name */
function testsOf(cell: string): { file: string; name: string }[] {
  return cell.split('<br>').map((text) => {
    const [, file, name] = /^`([^`]+)` › (.+)$/.exec(text) ?? [];
    return { file: file ?? '', name: name ?? text };
  });
}

function exists({ file, name }: { file: string; name: string }): boolean {
  if (!existsSync(join(ROOT, file))) return false;
  if (file.endsWith('.sol')) return new RegExp(`function ${name}\\(`).test(read(file));
  // As it stands behind `it(`, `test(` or `.each(…)(`, in either kind of quotes.
  return [`('${name}'`, `("${name}"`].some((title) => read(file).includes(title));
}

it('every named test is in the tree', () => {
  const missing = rows
    .flatMap(([, cell]) => testsOf(cell!))
    .filter((test) => !exists(test))
    .map(({ file, name }) => `${file} › ${name}`);
  expect(missing).toEqual([]);
});

it('every invariant is one sentence and has a test', () => {
  expect(rows.length).toBeGreaterThan(80);
  for (const [invariant, cell] of rows) {
    expect(invariant).toMatch(/^[A-Z`k].*\.$/);
    expect(testsOf(cell!).length, invariant).toBeGreaterThan(0);
  }
});
