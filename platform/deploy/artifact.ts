import type { Abi, AbiParameter } from 'viem';
import { fromHex, type Hex, toHex } from '../../protocol/bytes.ts';

/** What scripts/compile.ts makes of a contract. */
export type Artifact = {
  readonly abi: Abi;
  /** Creation code without constructor arguments. */
  readonly bytecode: Hex;
  /** What the chain keeps, with zeros at `immutables`. */
  readonly runtime: Hex;
  /** Places in `runtime` that the constructor fills, in bytes. */
  readonly immutables: readonly { readonly start: number; readonly length: number }[];
};

/** Names and types of a constructor's arguments. */
export function constructorInputs(abi: Abi): readonly AbiParameter[] {
  return abi.find((item) => item.type === 'constructor')?.inputs ?? [];
}

/** Whether code on a chain is the artifact's, whatever its constructor filled in. */
export function isCodeOf({ runtime, immutables }: Artifact, code: Hex): boolean {
  if (code.length !== runtime.length) return false;
  const bytes = fromHex(code);
  for (const { start, length } of immutables) bytes.fill(0, start, start + length);
  return toHex(bytes) === runtime;
}
