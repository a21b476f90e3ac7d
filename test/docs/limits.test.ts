import { expect, it } from 'vitest';
import { collectLimits, constantsOf, LIMITS_PATH, limitsMarkdown } from '../../scripts/limits.ts';
import { read } from './markdown.ts';

const limits = await collectLimits();

it('the page of limits is what the source says (else run: node scripts/limits.ts)', () => {
  expect(read(LIMITS_PATH)).toBe(limitsMarkdown(limits));
});

it('every bound stands with its reason', () => {
  expect(limits.filter(({ reason }) => reason === '').map(({ file, name }) => `${file} ${name}`)).toEqual([]);
  expect(limits.length).toBeGreaterThan(150);
});

it('reads comments above, behind and shared by constants that stand together', () => {
  const source = `/** Of the
 * first two. */
export const A_MAX = 1;
export const B_MAX = 2;

export const C_MAX = 3; // behind
/** Only of D. */
export const D_MAX = 4;
const hidden = 5;
function f() {}
export const E_MAX = 6;`;
  const found = constantsOf(source, /^export const ([A-Z][A-Z0-9_]*) = ([^;\n]*);/);
  expect(found.map(({ name, reason }) => [name, reason])).toEqual([
    ['A_MAX', 'Of the first two.'],
    ['B_MAX', 'Of the first two.'],
    ['C_MAX', 'behind.'],
    ['D_MAX', 'Only of D.'],
    ['E_MAX', ''],
  ]);
});
