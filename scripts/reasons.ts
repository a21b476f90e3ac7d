/**
 * Writes docs/REASONS.md from protocol/reason.ts: `node scripts/reasons.ts`. A test fails when the file is stale.
 */
import { writeFileSync } from 'node:fs';
import { REASON, REASONS, type ReasonName } from '../protocol/reason.ts';
import { OUTCOME } from '../protocol/sample.ts';

export const REASONS_PATH = 'docs/REASONS.md';

const OUTCOME_TEXT = {
  [OUTCOME.good]: 'good',
  [OUTCOME.bad]: 'bad',
  [OUTCOME.unknown]: 'unknown',
  [OUTCOME.watcherFault]: 'watcherFault',
} as const;

export function reasonsMarkdown(): string {
  const names = (Object.keys(REASON) as ReasonName[]).sort((a, b) => REASON[a] - REASON[b]);
  const rows = names.map((name) => {
    const { outcome, line, retired } = REASONS[name];
    return `| ${REASON[name]} | \`${name}\` | ${OUTCOME_TEXT[outcome]} | ${retired ? '(retired) ' : ''}${line} |`;
  });
  return `# Reasons

Every sample has one of four outcomes and one reason from this closed list. Only \`bad\` counts against a provider;
\`unknown\` and \`watcherFault\` are counted and published. \`ok\` and every \`bad\` reason become \`controlsUnhealthy\` when the
watcher's own controls fail as well, a \`bad\` one \`correlatedFailure\` when unrelated providers fail with it
([MEASUREMENT.md](MEASUREMENT.md#when-a-watcher-doubts-itself)). Numbers are never reused.

This page is generated from \`protocol/reason.ts\` by \`node scripts/reasons.ts\`; edit that file instead.

| code | reason | outcome | meaning |
|---:|---|---|---|
${rows.join('\n')}
`;
}

if (import.meta.main) {
  writeFileSync(new URL(`../${REASONS_PATH}`, import.meta.url), reasonsMarkdown());
}
