import { expect, it } from 'vitest';
import { nftRules, systemdRules } from '../../scripts/egress.ts';
import { read } from './markdown.ts';

const PAGE = read('docs/OPERATORS.md');

it('the page for operators shows the rules that follow from the policy (else copy what node scripts/egress.ts prints)', () => {
  expect(PAGE).toContain(`\`\`\`\n${nftRules('plumbline')}\`\`\``);
  expect(PAGE).toContain(`\`\`\`ini\n${systemdRules()}\`\`\``);
});
