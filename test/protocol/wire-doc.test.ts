import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { WIRE_PATH, wireMarkdown } from '../../scripts/vectors/doc.ts';

it('the page of the wire is what the code says (else run: node scripts/vectors/doc.ts)', () => {
  expect(readFileSync(WIRE_PATH, 'utf8')).toBe(wireMarkdown());
});
