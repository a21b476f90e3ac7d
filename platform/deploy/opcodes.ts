import type { Hex } from '../../protocol/bytes.ts';
import { PlumblineError } from '../../protocol/error.ts';
import type { Rpc } from '../chain/client.ts';
import { runCode } from './evm.ts';

/** Opcodes younger than London that solc writes for `evm_version = "prague"`; the code answers 42 in 32 bytes if they work. */
export const OPCODES: readonly { readonly name: string; readonly byte: number; readonly code: Hex }[] = [
  // push1 42, push0, mstore, push1 32, push0, return
  { name: 'PUSH0', byte: 0x5f, code: '0x602a5f5260205ff3' },
  // push1 42, push1 0, mstore; mcopy(32, 0, 32); return(32, 32)
  { name: 'MCOPY', byte: 0x5e, code: '0x602a6000526020600060205e60206020f3' },
  // tstore(0, 42); mstore(0, tload(0)); return(0, 32)
  { name: 'TSTORE', byte: 0x5d, code: '0x602a60005d60005c60005260206000f3' },
];

const ANSWER: Hex = `0x${'2a'.padStart(64, '0')}`;

/** Which of OPCODES stand in some code. Constants among the code may look like one: then it is asked for in vain. */
export function opcodesIn(codes: readonly Hex[]): readonly string[] {
  const found = new Set<number>();
  for (const code of codes) {
    const bytes = Buffer.from(code.slice(2), 'hex');
    // PUSH1 … PUSH32 carry their operand.
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at]!;
      found.add(byte);
      if (byte >= 0x60 && byte <= 0x7f) at += byte - 0x5f;
    }
  }
  return OPCODES.filter(({ byte }) => found.has(byte)).map(({ name }) => name);
}

/**
 * Runs a few bytes of code with each opcode, by eth_call.
 * @throws PlumblineError `no-opcode` naming the first that the chain lacks
 */
export async function requireOpcodes(rpc: Rpc, names: readonly string[]): Promise<void> {
  const wanted = OPCODES.filter(({ name }) => names.includes(name));
  const answers = await Promise.all(wanted.map(({ code }) => runCode(rpc, code)));
  const missing = wanted.find((_, i) => answers[i] !== ANSWER);
  if (missing === undefined) return;
  throw new PlumblineError(
    'no-opcode',
    `chain ${rpc.chainId} does not know the opcode ${missing.name}, which the contracts have: deploy on a chain with the hardfork Prague`,
    { chainId: rpc.chainId, opcode: missing.name },
  );
}
