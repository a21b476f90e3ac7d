import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = join(import.meta.dirname, '..', '..');

/** In `file`, `sound` (which stands there exactly once) is read as `broken`. */
type Edit = { readonly file: string; readonly sound: string; readonly broken: string };
/** One rule broken; more than one edit where a second rule would hide the first. */
export type Planted = readonly [Edit, ...Edit[]];

/**
 * Faults to be found, each a rule of the protocol left out. They live here and not in the program: worker threads read the
 * program's text through a hook that changes it. The simulator's own checks and its chain keep the sound text.
 */
export const PLANTED = {
  'skip the journal': [
    {
      file: 'platform/signer.ts',
      sound: 'await journal.record(',
      broken: 'if (false) await journal.record(',
    },
  ],
  'a quorum of two thirds or less': [
    {
      file: 'test/support/simnet/chain.ts',
      sound: 'if (!isQuorum(stakeOf(set, signers), totalStake(set)))',
      broken: 'if (2n * stakeOf(set, signers) < totalStake(set))',
    },
  ],
  'no inclusion rule': [
    {
      file: 'node/attest.ts',
      sound: 'if (missing.length > 0)',
      broken: 'if (missing.length > 1_000)',
    },
  ],
  'no view in the digest': [
    {
      file: 'protocol/attestation.ts',
      sound: 'attestationDigest(domain, attestation.epoch, attestation.view, attestation.report)',
      broken: 'attestationDigest(domain, attestation.epoch, 0, attestation.report)',
    },
  ],
  'the first set for ever': [
    {
      file: 'ledger/epoch.ts',
      sound: 'chain.setAt(epoch)',
      broken: 'chain.setAt(0)',
    },
  ],
  'vote per epoch instead of accumulating': [
    {
      file: 'protocol/accumulator.ts',
      sound: 'bad: a.bad + b.bad,',
      broken: 'bad: b.bad > b.good ? a.bad + b.bad : a.bad,',
    },
  ],
  'tail from the wrong end': [
    {
      file: 'protocol/combine.ts',
      sound: 'tail: tailOf(worstFirst, assigned, threshold) };',
      broken: 'tail: tailOf(bestFirst, assigned, threshold) };',
    },
  ],
  'no timeliness': [
    {
      file: 'ledger/inclusion.ts',
      sound: 'commit.heardAt <= round.revealFrom &&',
      broken: 'commit.heardAt >= 0 &&',
    },
  ],
  'contested commits count': [
    {
      file: 'ledger/inclusion.ts',
      sound: 'return pool.isContested(',
      broken: 'return seat < 0 && pool.isContested(',
    },
  ],
  // The journal refuses the second commit, so it has to be broken too.
  'fresh salt after a restart': [
    {
      file: 'node/artefacts.ts',
      sound: 'salt: payload.slice(0, SALT_BYTES) }',
      broken: 'salt: payload.slice(0, SALT_BYTES).map((byte) => byte ^ 1) }',
    },
    {
      file: 'platform/store/journal.ts',
      sound: 'requireSame(entry, decodeEntry(key, stored).digest);',
      broken: "if (entry.kind !== 'commit') requireSame(entry, decodeEntry(key, stored).digest);",
    },
  ],
  'anyone proposes': [
    {
      file: 'ledger/intake/proposal.ts',
      sound: 'leaderOf(facts.set, facts.seed, epoch, proposal.view) !== proposal.seat',
      broken: 'leaderOf(facts.set, facts.seed, epoch, proposal.view) === -1',
    },
  ],
  'attest without computing': [
    {
      file: 'node/attest.ts',
      sound: 'return equalBytes(ours.hash, reportHash) ? undefined',
      broken: 'return equalBytes(ours.hash, reportHash) || ours.hash.length > 0 ? undefined',
    },
  ],
  'bad partials are not checked': [
    {
      file: 'ledger/intake/attestation.ts',
      sound: 'if (closed) return closed;',
      broken:
        'if (closed) return closed; const unchecked = { ...deps, bls: { verify: () => true } }; deps = unchecked;',
    },
  ],
  'refusals are not heard': [
    {
      file: 'ledger/inclusion.ts',
      sound: 'const missing = pool.refusals(epoch).flatMap((refusal) => refusal.missing);',
      broken: 'const missing = pool.refusals(epoch).slice(0, 0).flatMap((refusal) => refusal.missing);',
    },
  ],
  'views do not advance': [
    {
      file: 'aggregator/propose.ts',
      sound: 'const view = viewAt(roundOf(calendar, parameters, epoch), parameters, clock.now());',
      broken: 'const view = Math.min(0, viewAt(roundOf(calendar, parameters, epoch), parameters, clock.now()));',
    },
  ],
  'only the leader submits': [
    {
      file: 'aggregator/submit.ts',
      sound: 'const head = await chain.head();',
      broken: 'if (rankOf(await epochFacts(epoch), certificate.view) > 0) return; const head = await chain.head();',
    },
  ],
  'a snapshot is believed': [
    {
      file: 'ledger/ledger.ts',
      sound:
        'if (!equalBytes(accumulatorRoot(state.windows.values(), state.closedLeaves), landed.header.accumulatorRoot)) {',
      broken: 'if (state.windows.size < 0) {',
    },
  ],
  'ignores what a reorganisation took back': [
    {
      file: 'ledger/follower.ts',
      sound: 'if (tail && nextEpoch <= tail.header.epoch + 1) return false;',
      broken: 'if (tail && nextEpoch <= tail.header.epoch + 1) return true;',
    },
  ],
  // A pool is bounded twice: by what lands or expires, and by a number of epochs.
  'the pool forgets nothing': [
    {
      file: 'ledger/pool.ts',
      sound: 'if (held < epoch) this.#epochs.delete(held);',
      broken: 'if (held < epoch - 1_000) this.#epochs.delete(held);',
    },
    {
      file: 'ledger/pool.ts',
      sound: 'if (this.#epochs.size > this.#epochsMax)',
      broken: 'if (this.#epochs.size > 1_000)',
    },
  ],
} as const satisfies Readonly<Record<string, Planted>>;

export type PlantedName = keyof typeof PLANTED;

/** Edits whose sound text does not stand in its file once: those faults cannot be planted. */
export function astray(planted: Planted): readonly Edit[] {
  return planted.filter(({ file, sound }) => readFileSync(join(ROOT, file), 'utf8').split(sound).length !== 2);
}

/** What the simulated processes are started with: from here on the program is the one with the fault. */
const PROCESS = /test\/support\/simnet\/host\.ts$/;
const OWN = /^(protocol|platform|ledger|node|aggregator)\//;

/**
 * Puts a fault into every module that this thread loads from now on. The program is loaded twice: with the fault for
 * the hosts, and sound (under another name) for the checks, the coalition and the chain.
 */
export function plant(name: PlantedName): void {
  const edits: readonly Edit[] = PLANTED[name];
  const base = pathToFileURL(`${ROOT}/`).href;
  registerHooks({
    resolve: (specifier, context, nextResolve) => {
      const resolved = nextResolve(specifier, context);
      const parent = context.parentURL ?? '';
      if (!resolved.url.startsWith(base) || !OWN.test(resolved.url.slice(base.length))) return resolved;
      const isSound = parent.includes('?sound') || (parent.includes('/test/') && !PROCESS.test(parent));
      return isSound ? { ...resolved, url: `${resolved.url}?sound` } : resolved;
    },
    load: (url, context, nextLoad) => {
      const loaded = nextLoad(url, context);
      const own = edits.filter(({ file }) => url === `${base}${file}`);
      if (own.length === 0) return loaded;
      const source = Buffer.from(loaded.source as Uint8Array).toString('utf8');
      return { ...loaded, source: own.reduce((text, { sound, broken }) => text.replace(sound, () => broken), source) };
    },
  });
}
