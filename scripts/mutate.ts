/**
 * `npm run mutate`: makes deliberate mistakes in a copy of the contracts and looks whether a test finds them. See
 * docs/MUTATIONS.md.
 *
 *   npm run mutate -- --only settled-twice,fee-vanishes --json
 *   npm run mutate -- --quick       without invariants and prices: what nothing finds then may still be found
 *   npm run mutate -- --page        runs nothing and writes the page from what is known
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ContractsCopy } from './mutate/copy.ts';
import { stopForge } from './mutate/forge.ts';
import { Journal, type Result } from './mutate/journal.ts';
import { type Mutation, mutate, sourceOf } from './mutate/mutation.ts';
import { mutationsMarkdown, PAGE_PATH } from './mutate/page.ts';
import { runStage, STAGES } from './mutate/stages.ts';
import { MUTATIONS } from './mutate/table.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    page: { type: 'boolean', default: false },
  },
});

function chosen(): readonly Mutation[] {
  if (values.only === undefined) return MUTATIONS;
  const names = values.only.split(',');
  const unknown = names.filter((name) => !MUTATIONS.some((mutation) => mutation.name === name));
  if (unknown.length === 0) return MUTATIONS.filter(({ name }) => names.includes(name));
  console.error(`no mutation is called ${unknown.join(', ')}; scripts/mutate/table has them`);
  process.exit(2);
}

/** Not a mutation: the contracts as they are. They must pass, or nothing that fails says anything. */
const UNCHANGED: Mutation = { name: 'unchanged', file: '', find: '', replace: '', first: '' };

async function passUnchanged(copy: ContractsCopy): Promise<boolean> {
  if (journal.get(UNCHANGED)?.outcome === 'survived') return true;
  for (const stage of ['suite', 'invariants'] as const) {
    const verdict = await runStage(stage, copy, '');
    if (verdict.outcome === 'killed') {
      console.error(`the unchanged contracts fail ${verdict.by}; correct that first`);
      return false;
    }
  }
  journal.add(UNCHANGED, { name: UNCHANGED.name, outcome: 'survived', seconds: 0 }, { keep: true });
  return true;
}

async function tryOne(copy: ContractsCopy, mutation: Mutation): Promise<Result> {
  const started = performance.now();
  const source = sourceOf(mutation);
  const finish = (rest: Omit<Result, 'name' | 'seconds'>): Result => ({
    name: mutation.name,
    ...rest,
    seconds: Math.round((performance.now() - started) / 100) / 10,
  });
  try {
    for (const stage of stages) {
      await copy.write(mutation.file, mutate(mutation, source));
      const verdict = await runStage(stage, copy, mutation.first);
      if (verdict.outcome === 'killed') return finish({ outcome: 'killed', stage, by: verdict.by });
    }
    return finish({ outcome: 'survived' });
  } finally {
    await copy.write(mutation.file, source);
  }
}

const mutations = chosen();
const stages = values.quick ? STAGES.slice(0, 2) : STAGES;
const journal = new Journal();
const waiting = values.page ? [] : mutations.filter((mutation) => journal.get(mutation) === undefined);
const errors: string[] = [];
if (waiting.length > 0) {
  const copy = await ContractsCopy.make();
  const interrupt = () => {
    stopForge();
    void copy.remove().then(() => process.exit(130));
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    const runnable = (await passUnchanged(copy)) ? waiting : [];
    if (runnable.length === 0) errors.push(UNCHANGED.name);
    for (const [i, mutation] of runnable.entries()) {
      try {
        const result = await tryOne(copy, mutation);
        journal.add(mutation, result, { keep: result.outcome === 'killed' || !values.quick });
        const how = result.outcome === 'killed' ? `found by ${result.by}` : 'SURVIVED';
        console.log(
          `${i + 1}/${runnable.length} ${mutation.name}: ${how} (${result.stage ?? 'all'}, ${result.seconds} s)`,
        );
      } catch (error) {
        errors.push(mutation.name);
        console.error(`${mutation.name}: ${(error as Error).message}`);
      }
    }
  } finally {
    await copy.remove();
  }
}

const results = mutations.flatMap((mutation) => {
  const result = journal.get(mutation);
  return result === undefined ? [] : [{ mutation, result }];
});
const survivors = results.filter(({ result }) => result.outcome === 'survived');
const unexplained = survivors.filter(({ mutation }) => mutation.survives === undefined);
const explainedInVain = results.filter(
  ({ mutation, result }) => mutation.survives !== undefined && result.outcome === 'killed',
);
if (values.write || values.page) {
  // What survives a quick run may still be found: it has not run.
  const kept = (result: Result | undefined) => (values.quick && result?.outcome === 'survived' ? undefined : result);
  writeFileSync(
    PAGE_PATH,
    mutationsMarkdown(MUTATIONS, (mutation) => kept(journal.get(mutation))),
  );
}
const summary = {
  mutations: results.length,
  killed: results.length - survivors.length,
  byStage: Object.fromEntries(
    STAGES.map((stage) => [stage, results.filter(({ result }) => result.stage === stage).length]),
  ),
  explained: survivors.length - unexplained.length,
  survived: unexplained.map(({ mutation }) => mutation.name),
  explainedInVain: explainedInVain.map(({ mutation }) => mutation.name),
  errors,
  seconds: Math.round(results.reduce((sum, { result }) => sum + result.seconds, 0)),
};
for (const name of summary.survived) console.log(`nothing finds ${name}: add a test, or the reason to the table`);
for (const name of summary.explainedInVain) console.log(`${name} is found after all: drop its explanation`);
if (values.json) console.log(JSON.stringify(summary));
else
  console.log(
    `${summary.killed} of ${summary.mutations} found, ${summary.explained} explained, ${summary.survived.length} neither`,
  );
if (errors.length > 0) process.exitCode = 2;
else process.exitCode = summary.survived.length + summary.explainedInVain.length === 0 ? 0 : 1;
