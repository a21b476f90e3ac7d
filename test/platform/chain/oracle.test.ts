import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Chain } from '../../../platform/chain/chain.ts';
import { readFacts } from '../../../platform/chain/oracle.ts';
import { seedOf } from '../../../protocol/assignment.ts';
import { bigEndian, fromHex, keccak, toHex, ZERO_BYTES32 } from '../../../protocol/bytes.ts';
import type { Certificate } from '../../../protocol/certificate.ts';
import { type Header, reportHash } from '../../../protocol/header.ts';
import { PROTOCOL_VERSION, parametersId } from '../../../protocol/parameters.ts';
import { CHAIN_ID, certify, type Evm, PRESET, STAKE_CAP, secretKeyOf, startEvm, TOKEN } from '../../support/evm.ts';

/** Operators' accounts; their stakes; the last is over the cap. Seats are given in order. */
const OPERATORS = [10, 11, 12, 13] as const;
const STAKES = [400n * TOKEN, 300n * TOKEN, 300n * TOKEN, 2_000n * TOKEN] as const;

let evm: Evm;
let chain: Chain;

beforeAll(async () => {
  evm = await startEvm();
  for (const [i, operator] of OPERATORS.entries()) await evm.join(operator, STAKES[i]!, `op ${i}`, [`address ${i}`]);
  await evm.seal();
  await evm.list(14, 'https://one.example/');
  await evm.list(15, 'https://two.example/');
  chain = await evm.open(evm.wallet(1));
}, 120_000);
afterAll(() => evm?.stop());

const keys = (...seats: number[]) => new Map(seats.map((seat) => [seat, secretKeyOf(OPERATORS[seat]!)]));

async function headerOf(epoch: number, change: Partial<Header> = {}): Promise<Header> {
  const [{ id }, head, final] = await Promise.all([chain.setAt(epoch), chain.head(), chain.finalized()]);
  return {
    protocolVersion: PRESET.parameters.protocolVersion,
    epoch,
    setId: id,
    parametersId: chain.facts.parametersId,
    previous: head.reportHash,
    resultsRoot: keccak(bigEndian(epoch, 8)),
    batchesRoot: keccak(Uint8Array.of(1)),
    countedLow: 0b1111n,
    countedHigh: 0n,
    accumulatorRoot: keccak(Uint8Array.of(2)),
    historyRoot: ZERO_BYTES32,
    anchorNumber: final.number,
    anchorHash: final.hash,
    ...change,
  };
}
const certified = async (epoch: number, change: Partial<Header> = {}, signers = keys(0, 1, 2, 3), view = 0) =>
  certify(evm.bls, chain.facts.domain, await headerOf(epoch, change), signers, view);

test('the facts of an oracle are what it was deployed with', async () => {
  const { facts } = chain;
  expect(facts.domain).toEqual({ chainId: CHAIN_ID, oracle: fromHex(evm.deployed.oracle) });
  expect(facts.calendar).toEqual({ genesis: evm.genesis, epochSeconds: PRESET.epochSeconds });
  expect(facts.parameters).toEqual(PRESET.parameters);
  expect(facts.parametersId).toEqual(parametersId(PRESET.parameters));
  expect(facts.registry.toLowerCase()).toBe(evm.deployed.registry.toLowerCase());
  expect(facts.genesisSeed).not.toEqual(ZERO_BYTES32);
  expect(facts.deployBlock).toBe(evm.deployed.deployBlock);
});

test('an address without an oracle is named', async () => {
  const addresses = { ...evm.deployed, oracle: evm.deployed.token };
  await expect(readFacts(evm.rpc, addresses)).rejects.toMatchObject({
    code: 'no-oracle',
    message: expect.stringContaining(evm.deployed.token),
  });
});

describe('registrations', () => {
  test('a set is rebuilt from the logs, with stakes capped', async () => {
    const set = await chain.setAt(0);
    expect(set.seats.map(({ seat, stake, operatorId, region }) => ({ seat, stake, operatorId, region }))).toEqual([
      { seat: 0, stake: 400n * TOKEN, operatorId: 'op 0', region: 10 },
      { seat: 1, stake: 300n * TOKEN, operatorId: 'op 1', region: 11 },
      { seat: 2, stake: 300n * TOKEN, operatorId: 'op 2', region: 12 },
      { seat: 3, stake: STAKE_CAP, operatorId: 'op 3', region: 13 },
    ]);
    for (const [i, { publicKey, watcher }] of set.seats.entries()) {
      const own = evm.bls.publicKey(secretKeyOf(OPERATORS[i]!));
      expect(publicKey).toEqual(own);
      expect(watcher).toEqual(keccak(evm.bls.publicKeyToEvm(own)));
    }
  });

  test('a seat is reached where it last said, and its set stays what it was', async () => {
    const addresses = async () => (await chain.contactsAt(0)).map((contact) => contact.addresses);
    const set = await chain.setAt(0);
    expect(await addresses()).toEqual([['address 0'], ['address 1'], ['address 2'], ['address 3']]);
    await evm.setContact(11, 1, ['first', 'second']);
    expect(await addresses()).toEqual([['address 0'], ['first', 'second'], ['address 2'], ['address 3']]);
    await evm.mine(70); // the change is final
    await evm.setContact(11, 1, ['third']);
    await evm.setContact(12, 2, []);
    expect(await addresses()).toEqual([['address 0'], ['third'], [], ['address 3']]);
    expect(await chain.setAt(0)).toEqual(set);
    const [contact] = await chain.contactsAt(0);
    expect(contact).toMatchObject({ seat: 0, stake: 400n * TOKEN, operatorId: 'op 0', region: 10, asn: 0 });
    expect(contact!.operator).toBe(set.seats[0]!.operator);
  });

  test('services come in the order of their registration, as they were registered', async () => {
    const services = await chain.servicesAt(0);
    expect(services.map(({ url }) => url)).toEqual(['https://one.example/', 'https://two.example/']);
    expect(services[0]).toMatchObject({
      kind: 0,
      method: 'GET',
      slotsPerEpoch: 6,
      timeoutMillis: 1_000,
      expectedStatus: 200,
      extra: new Uint8Array(),
    });
    expect(toHex(services[0]!.bodyDigest)).toBe(`0x${'ab'.repeat(32)}`);
    expect(services[0]!.id).not.toEqual(services[1]!.id);
  });
});

describe('a report', () => {
  test('of an epoch that has not ended is refused', async () => {
    await evm.setTime(evm.epochStart(0) + 3);
    await expect(chain.submit(await certified(0))).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('EpochNotEnded(0,'),
    });
  });

  test.each([
    ['another protocol version', { protocolVersion: 9 }, `WrongProtocolVersion(9, ${PROTOCOL_VERSION})`],
    ['other parameters', { parametersId: ZERO_BYTES32 }, 'WrongParameters('],
    ['a wrong previous', { previous: keccak(Uint8Array.of(9)) }, 'WrongPrevious('],
    ['another set', { setId: 7 }, 'UnknownVersion(7)'],
    ['a counted seat that nobody has', { countedLow: 1n << 200n }, 'CountedNotInSet(0,'],
    ['an anchor in the future', { anchorNumber: 1_000_000 }, 'AnchorInFuture(1000000,'],
    ['an anchor on another branch', { anchorHash: keccak(Uint8Array.of(8)) }, 'AnchorMismatch('],
  ])('with %s is refused with the contract’s own error', async (_what, change, name) => {
    const { timestamp } = await evm.rpc.client.getBlock();
    if (timestamp < evm.epochStart(1)) await evm.setTime(evm.epochStart(1));
    await expect(chain.submit(await certified(0, change))).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining(name),
    });
  });

  test('signed by too little stake is refused, whatever the number of signers', async () => {
    // 1,300 of 2,000: less than two thirds.
    await expect(chain.submit(await certified(0, {}, keys(1, 3)))).rejects.toMatchObject({
      message: expect.stringContaining(`QuorumNotReached(${1_300n * TOKEN}, ${2_000n * TOKEN})`),
    });
  });

  test('with a wrong signature is refused: too few keys, another view, another chain, another oracle', async () => {
    const good = await certified(0);
    const fewer = await certified(0, {}, keys(0, 1, 3));
    const { domain } = chain.facts;
    const abroad = certify(evm.bls, { ...domain, chainId: 1 }, good.header, keys(0, 1, 2, 3));
    const elsewhere = certify(evm.bls, { ...domain, oracle: new Uint8Array(20) }, good.header, keys(0, 1, 2, 3));
    const wrong: Certificate[] = [{ ...fewer, signers: good.signers }, { ...good, view: 1 }, abroad, elsewhere];
    for (const certificate of wrong) {
      await expect(chain.submit(certificate)).rejects.toMatchObject({
        code: 'refused',
        message: expect.stringContaining(
          `SignatureRejected(${toHex(reportHash(certificate.header))}, ${certificate.view})`,
        ),
      });
    }
  });

  test('signed by a seat that is not in the set is refused', async () => {
    await expect(chain.submit({ ...(await certified(0)), signers: [0, 1, 2, 3, 4] })).rejects.toMatchObject({
      message: expect.stringContaining('SignerNotInSet('),
    });
  });

  test('cannot be sent without a submitter key', async () => {
    const reader = await evm.open();
    await expect(reader.submit(await certified(0))).rejects.toMatchObject({ code: 'no-submitter' });
  });

  test('signed by more than two thirds is accepted, becomes the head, and is found in the logs', async () => {
    expect(await chain.head()).toEqual({ nextEpoch: 0, reportHash: ZERO_BYTES32 });
    const certificate = await certified(0, {}, keys(0, 3), 2);
    const { txHash, blockNumber, gasUsed } = await chain.submit(certificate);
    expect(gasUsed).toBeGreaterThan(100_000n);
    const hash = reportHash(certificate.header);
    expect(await chain.head()).toEqual({ nextEpoch: 1, reportHash: hash });
    expect(await chain.reports(chain.facts.deployBlock, await chain.blockNumber())).toEqual([
      { header: certificate.header, reportHash: hash, view: 2, signers: [0, 3], txHash, blockNumber },
    ]);
    expect(await chain.reports(chain.facts.deployBlock, blockNumber - 1)).toEqual([]);
  });

  test('cannot be accepted twice', async () => {
    const [landed] = await chain.reports(chain.facts.deployBlock, await chain.blockNumber());
    const again = certify(evm.bls, chain.facts.domain, landed!.header, keys(0, 3));
    await expect(chain.submit(again)).rejects.toMatchObject({
      message: expect.stringContaining('EpochAlreadyReported(0, 1)'),
    });
  });

  test('after its deadline is refused, and the next epoch’s is accepted', async () => {
    const { deadlineEpochs } = PRESET.parameters;
    await evm.setTime(evm.epochStart(2 + deadlineEpochs));
    await expect(chain.submit(await certified(1))).rejects.toMatchObject({
      message: expect.stringContaining('DeadlinePassed(1,'),
    });
    await chain.submit(await certified(2));
    expect((await chain.head()).nextEpoch).toBe(3);
  });
});

describe('later sets and services', () => {
  test('a change is active from its activation epoch on, and the past stays readable', async () => {
    // Now is epoch 5; whoever joins and leaves now does so from epoch 7 on.
    await evm.join(16, 500n * TOKEN, 'late');
    await evm.exit(OPERATORS[1], 1);
    await evm.seal();
    const [one] = await chain.servicesAt(5);
    await evm.list(14, 'https://three.example/');
    await evm.retire(14, one!.id);
    const seatsAt = async (epoch: number) => (await chain.setAt(epoch)).seats.map(({ seat }) => seat);
    const urlsAt = async (epoch: number) => (await chain.servicesAt(epoch)).map(({ url }) => url);
    expect([await seatsAt(0), await seatsAt(6), await seatsAt(7)]).toEqual([
      [0, 1, 2, 3],
      [0, 1, 2, 3],
      [0, 2, 3, 4],
    ]);
    expect((await chain.setAt(7)).id).toBe((await chain.setAt(6)).id + 1);
    expect(await urlsAt(6)).toEqual(['https://one.example/', 'https://two.example/']);
    expect(await urlsAt(7)).toEqual(['https://two.example/', 'https://three.example/']);
  });
});

describe('seeds and blocks', () => {
  test('the first period’s seed is the oracle’s own', async () => {
    const { domain, genesisSeed } = chain.facts;
    expect(await chain.seedAt(0)).toEqual(seedOf(domain, 0, genesisSeed));
    expect(await chain.seedAt(3)).toEqual(seedOf(domain, 0, genesisSeed));
  });

  test('a later one is drawn from the first final block of the period before', async () => {
    const { assignmentPeriodEpochs: length } = PRESET.parameters;
    // Period 1 takes the first block of period 0.
    const start = evm.epochStart(0);
    const newest = await chain.blockNumber();
    let first: { mixHash: string } | undefined;
    for (let number = chain.facts.deployBlock; number <= newest && !first; number++) {
      const block = await evm.rpc.client.getBlock({ blockNumber: BigInt(number) });
      if (Number(block.timestamp) >= start) first = { mixHash: block.mixHash };
    }
    const expected = seedOf(chain.facts.domain, 1, bigEndian(BigInt(first!.mixHash), 32));
    expect(await chain.seedAt(length)).toEqual(expected);
    expect(await chain.seedAt(2 * length - 1)).toEqual(expected);
    expect(await chain.seedAt(2 * length)).not.toEqual(expected);
  });

  test('one that no final block decides yet is an error and never a guess', async () => {
    await expect(chain.seedAt(1_000_000)).rejects.toMatchObject({ code: 'not-final' });
  });

  test('a final block is older than the newest, and a block that does not exist has no hash', async () => {
    const final = await chain.finalized();
    expect(final.number).toBeLessThan(await chain.blockNumber());
    expect(await chain.blockHash(final.number)).toEqual(final.hash);
    expect(await chain.blockHash(1_000_000)).toBeUndefined();
  });
});
