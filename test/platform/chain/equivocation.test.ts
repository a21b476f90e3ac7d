import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { equivocationArgs } from '../../../platform/chain/equivocation.ts';
import { equivocationCourtAbi, watcherRegistryAbi } from '../../../protocol/abi.ts';
import { keccak } from '../../../protocol/bytes.ts';
import { attestationDigest, commitDigest, proposalDigest } from '../../../protocol/digest.ts';
import { type Header, reportHash } from '../../../protocol/header.ts';
import { PROTOCOL_VERSION } from '../../../protocol/parameters.ts';
import { drawn } from '../../../scripts/vectors/world.ts';
import { type Evm, startEvm, TOKEN } from '../../support/evm.ts';

let evm: Evm;
let keys: Uint8Array[];

beforeAll(async () => {
  evm = await startEvm();
  keys = [];
  for (let i = 1; i <= 4; i++) keys.push(await evm.join(i, TOKEN, `watcher ${i}`));
  await evm.seal();
  await evm.setTime(evm.epochStart(2));
}, 120_000);

afterAll(() => evm?.stop());

/** Proves before the real court, and says what the seat's stake is afterwards. */
async function prove(args: ReturnType<typeof equivocationArgs>): Promise<bigint> {
  const registry = { address: evm.deployed.registry, abi: watcherRegistryAbi } as const;
  const court = await evm.rpc.client.readContract({ ...registry, functionName: 'court' });
  const reporter = evm.wallet(0).account.address;
  await evm.send(0, [{ to: court, abi: equivocationCourtAbi, name: 'prove', args: [args, reporter] }]);
  return (await evm.rpc.client.readContract({ ...registry, functionName: 'seat', args: [args.seat] })).stake;
}

async function domain() {
  return (await evm.open()).facts.domain;
}

describe('two conflicting messages', () => {
  it('take the stake of who signed two commits', async () => {
    const watcher = keccak(evm.bls.publicKeyToEvm(evm.bls.publicKey(keys[0]!)));
    const of = async (commitment: Uint8Array) => {
      const signature = evm.bls.sign(keys[0]!, commitDigest(await domain(), 1, watcher, commitment));
      return { epoch: 1, watcher, commitment, signature };
    };
    const [first, second] = [await of(drawn('a')), await of(drawn('b'))];
    expect(await prove(equivocationArgs({ kind: 'commit', seat: 0, first, second }, evm.bls.signatureToEvm))).toBe(0n);
  });

  it('take the stake of who signed two proposals', async () => {
    const of = async (batchesRoot: Uint8Array) => {
      const header = { ...HEADER, batchesRoot };
      const signature = evm.bls.sign(keys[1]!, proposalDigest(await domain(), 1, 3, reportHash(header)));
      return { view: 3, seat: 1, header, observations: [], signature };
    };
    const [first, second] = [await of(drawn('a')), await of(drawn('b'))];
    expect(await prove(equivocationArgs({ kind: 'proposal', first, second }, evm.bls.signatureToEvm))).toBe(0n);
  });

  it('take the stake of who signed two attestations', async () => {
    const of = async (report: Uint8Array) => {
      const signature = evm.bls.sign(keys[2]!, attestationDigest(await domain(), 1, 2, report));
      return { epoch: 1, view: 2, report, seat: 2, signature };
    };
    const [first, second] = [await of(drawn('a')), await of(drawn('b'))];
    const conflict = { kind: 'attestation', first, second } as const;
    expect(await prove(equivocationArgs(conflict, evm.bls.signatureToEvm))).toBe(0n);
    const other = { ...second, view: 3 };
    expect(() => equivocationArgs({ ...conflict, second: other }, evm.bls.signatureToEvm)).toThrow(
      'not of one watcher',
    );
    expect(() => equivocationArgs({ ...conflict, second: first }, evm.bls.signatureToEvm)).toThrow('say the same');
  });
});

const HEADER: Header = {
  protocolVersion: PROTOCOL_VERSION,
  epoch: 1,
  setId: 1,
  parametersId: drawn('parameters'),
  previous: drawn('previous'),
  resultsRoot: drawn('results'),
  batchesRoot: drawn('batches'),
  countedLow: 15n,
  countedHigh: 0n,
  accumulatorRoot: drawn('accumulators'),
  historyRoot: drawn('history'),
  anchorNumber: 1,
  anchorHash: drawn('anchor'),
};
