import { afterAll, beforeAll, expect, test } from 'vitest';
import { watcherRegistryAbi } from '../../../protocol/abi.ts';
import { type Evm, startEvm, TOKEN } from '../../support/evm.ts';

let evm: Evm;
beforeAll(async () => {
  evm = await startEvm();
}, 120_000);
afterAll(() => evm?.stop());

test('what the last holder of a seat said is not the word of the next', async () => {
  await evm.join(10, 400n * TOKEN, 'first', ['where the first is']);
  await evm.setContact(10, 0, ['where the first moved']);
  await evm.exit(10, 0);
  // No version names the seat yet, so it is free at once.
  const { registry } = evm.deployed;
  await evm.send(10, [{ to: registry, abi: watcherRegistryAbi, name: 'withdraw', args: [0] }]);
  await evm.join(11, 400n * TOKEN, 'second', ['where the second is']);
  await evm.seal();
  const chain = await evm.open();
  const addresses = async () => (await chain.contactsAt(0)).map((one) => [one.operatorId, ...one.addresses]);
  expect(await addresses()).toEqual([['second', 'where the second is']]);
  await evm.setContact(11, 0, ['where the second moved']);
  expect(await addresses()).toEqual([['second', 'where the second moved']]);
});
