import { expect, test } from 'vitest';
import { startAnvil } from '../../../platform/chain/anvil.ts';
import { connectRpc } from '../../../platform/chain/client.ts';
import { OPCODES, opcodesIn, requireOpcodes } from '../../../platform/deploy/opcodes.ts';
import { compileContracts } from '../../../scripts/compile.ts';

const ALL = OPCODES.map(({ name }) => name);

test('the contracts have all three; operands of a push are no opcodes', async () => {
  expect(opcodesIn(Object.values(await compileContracts()).map(({ bytecode }) => bytecode))).toEqual(ALL);
  expect(opcodesIn(['0x605f7f5e5d5f000000000000000000000000000000000000000000000000000000000000'])).toEqual([]);
  expect(opcodesIn(['0x605f5f', '0x5e'])).toEqual(['PUSH0', 'MCOPY']);
});

test.each([
  ['london', 'PUSH0'],
  ['shanghai', 'MCOPY'],
  ['prague', undefined],
])('%s lacks %s', async (hardfork, missing) => {
  const anvil = await startAnvil({ chainId: 5, hardfork });
  try {
    const asked = requireOpcodes(await connectRpc(anvil.url), ALL);
    if (missing === undefined) await asked;
    else await expect(asked).rejects.toMatchObject({ code: 'no-opcode', evidence: { chainId: 5, opcode: missing } });
  } finally {
    await anvil.stop();
  }
});
