import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { REASON, REASONS, type ReasonName, reasonEntry, reasonName } from '../../protocol/reason.ts';
import { OUTCOME } from '../../protocol/sample.ts';
import { REASONS_PATH, reasonsMarkdown } from '../../scripts/reasons.ts';

const names = Object.keys(REASON) as ReasonName[];

describe('the list of reasons', () => {
  it('has one number, one outcome and one line for each', () => {
    expect(new Set(Object.values(REASON)).size).toBe(names.length);
    expect(Object.keys(REASONS).sort()).toEqual([...names].sort());
    for (const name of names) expect(REASONS[name].line).toMatch(/^[A-Z].*\.$/);
  });

  it('tells by the number whose a reason is', () => {
    for (const name of names) {
      const code = REASON[name];
      const { good, bad, unknown, watcherFault } = OUTCOME;
      const outcome = code === 0 ? good : code < 100 ? bad : code < 150 ? unknown : watcherFault;
      expect(REASONS[name].outcome, name).toBe(outcome);
    }
  });

  it('names codes, also those of a later version', () => {
    expect(reasonName(REASON.timeout)).toBe('timeout');
    expect(reasonEntry(REASON.timeout)).toBe(REASONS.timeout);
    expect(reasonName(65_535)).toBe('reason-65535');
    expect(reasonEntry(65_535)).toBeUndefined();
  });

  it('is what the page of reasons shows (else run: node scripts/reasons.ts)', () => {
    expect(readFileSync(REASONS_PATH, 'utf8')).toBe(reasonsMarkdown());
  });
});
