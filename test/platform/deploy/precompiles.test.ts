import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Anvil, startAnvil } from '../../../platform/chain/anvil.ts';
import { connectRpc, type Rpc } from '../../../platform/chain/client.ts';
import { precompiles, requirePrecompiles } from '../../../platform/deploy/precompiles.ts';
import type { Hex } from '../../../protocol/bytes.ts';
import { read } from '../../docs/markdown.ts';

let anvil: Anvil;
let rpc: Rpc;
beforeAll(async () => {
  anvil = await startAnvil({ chainId: 31_337 });
  rpc = await connectRpc(anvil.url);
});
afterAll(() => anvil?.stop());

const LIST = precompiles();
const label = (address: number) => `(0x${address.toString(16).padStart(2, '0')})`;
/** Where the code that is run has the precompile's address. */
const ADDRESS_BYTE = 19;

/** The chain, but for one precompile, whose answers are made of the true ones. */
function withOne(address: number, change: (answer: Hex, nth: number) => Hex): Rpc {
  let nth = 0;
  const call: Rpc['client']['call'] = async (request) => {
    const answer = await rpc.client.call(request);
    const asked = Number.parseInt(request.data!.slice(2 + 2 * ADDRESS_BYTE, 4 + 2 * ADDRESS_BYTE), 16);
    return asked === address ? { data: change(answer.data!, nth++) } : answer;
  };
  return { ...rpc, client: { ...rpc.client, call } };
}
const word = (value: number): Hex => `0x${value.toString(16).padStart(64, '0')}`;

test('a chain of Prague has every precompile of the contracts', async () => {
  expect(await requirePrecompiles(rpc)).toEqual(LIST.map(({ name, address }) => `${name} ${label(address)}`));
});

test('they are those that the contracts call, with the gas that the contracts give', () => {
  const source = read('contracts/src/libraries/Bls.sol');
  const addresses = [...source.matchAll(/constant (\w+) = address\((0x[0-9a-f]{2})\)/g)].map(([, name, at]) => [
    name,
    Number(at),
  ]);
  // Nothing that is deployed multiplies.
  const called = addresses.filter(([name]) => name !== 'G1MSM' && name !== 'G2MSM');
  expect(LIST.map(({ name, address }) => [name, address])).toEqual(called);
  const caps = new Map([...source.matchAll(/(\w+)_GAS_CAP = ([0-9_]+);/g)].map(([, name, gas]) => [name, gas]));
  for (const { name, gasCap } of LIST.filter((one) => one.name !== 'SHA256')) {
    const capName = name === 'MAP_FP_TO_G1' ? 'MAP' : name;
    expect([name, gasCap]).toEqual([name, Number(caps.get(capName)!.replaceAll('_', ''))]);
  }
});

test('Cancun is refused, and the first precompile that it lacks is named with the chain', async () => {
  const cancun = await startAnvil({ chainId: 4_242, hardfork: 'cancun' });
  try {
    await expect(requirePrecompiles(await connectRpc(cancun.url))).rejects.toMatchObject({
      code: 'no-precompiles',
      message: expect.stringMatching(/chain 4242: the precompile G1ADD \(0x0b\) does not exist.*EIP-2537/),
      evidence: {
        chainId: 4_242,
        faults: ['G1ADD (0x0b)', 'G2ADD (0x0d)', 'PAIRING (0x0f)', 'MAP_FP_TO_G1 (0x10)'].map(
          (s) => `${s} does not exist`,
        ),
      },
    });
  } finally {
    await cancun.stop();
  }
});

describe.each(LIST.map((one) => [one.name, one] as const))('%s', (name, { address, known, refused, gasCap }) => {
  test.each<[string, (answer: Hex, nth: number) => Hex, RegExp]>([
    ['missing', () => word(1), /does not exist/],
    ['too dear', () => word(0), new RegExp(`costs more than ${gasCap.toLocaleString('en-US')} gas`)],
    [
      'wrong in the last bit',
      (answer) => `${answer.slice(0, -1)}${(Number.parseInt(answer.slice(-1), 16) ^ 1).toString(16)}` as Hex,
      /answers 0x/,
    ],
  ])('%s', async (_, change, message) => {
    await expect(requirePrecompiles(withOne(address, change))).rejects.toMatchObject({
      code: 'no-precompiles',
      message: expect.stringMatching(new RegExp(`${name} \\${label(address).slice(0, -1)}\\).*${message.source}`)),
    });
  });

  test.each(refused.map(({ what }, i) => [what, i] as const))('that takes %s', async (what, index) => {
    const lenient = withOne(address, (answer, nth) => (nth === known.length + index ? word(1) : answer));
    await expect(requirePrecompiles(lenient)).rejects.toMatchObject({
      message: expect.stringContaining(`${name} ${label(address)} takes ${what}`),
    });
  });
});

test('an RPC that does not answer is no missing precompile', async () => {
  const gone = await connectRpc(anvil.url);
  const call = async () => {
    throw Object.assign(new Error('timed out'), { name: 'TimeoutError' });
  };
  await expect(requirePrecompiles({ ...gone, client: { ...gone.client, call } as Rpc['client'] })).rejects.toThrow(
    'timed out',
  );
});
