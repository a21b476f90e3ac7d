import type { Abi } from 'viem';
import type { Hex } from '../../protocol/bytes.ts';
import { errorMessage, PlumblineError } from '../../protocol/error.ts';
import type { Rpc } from '../chain/client.ts';
import { constructorInputs, isCodeOf } from './artifact.ts';
import type { Plan, Step } from './plan.ts';

/** What stands at a planned address; undefined when nothing does. */
export type Found = { readonly code: Hex } | undefined;

/**
 * Looks at every planned address. What is there must be the planned contract: its code, and every constructor argument, which
 * each contract shows by a function of the argument's name.
 * @throws PlumblineError `deploy-differs` naming the contract and what differs
 */
export async function inspect(rpc: Rpc, plan: Plan): Promise<readonly Found[]> {
  return Promise.all(plan.steps.map((step) => look(rpc, step)));
}

async function look(rpc: Rpc, step: Step): Promise<Found> {
  const { name, address, artifact, reused } = step;
  const code = await rpc.client.getCode({ address });
  if (code === undefined || code === '0x') {
    if (reused) throw differs(rpc, step, 'there is no code at the address that `reuse` names: correct it');
    return undefined;
  }
  if (!isCodeOf(artifact, code)) {
    throw differs(
      rpc,
      step,
      'other code stands there than this program’s: use the release that deployed it, or another salt',
    );
  }
  const shown = argumentsOf(artifact.abi);
  const values = await Promise.all(shown.map(({ getter }) => read(rpc, address, artifact.abi, getter, name)));
  const wrong = shown.findIndex(({ index }, i) => !isSame(values[i], step.args[index]));
  if (wrong < 0) return { code };
  const { getter, index } = shown[wrong]!;
  throw differs(
    rpc,
    step,
    `its ${getter} is ${String(values[wrong])}, planned is ${String(step.args[index])}: ` +
      'it can never change, so correct the setting, or take another salt for another deployment',
  );
}

/** Constructor arguments that a contract shows: all but those of the devnet's token. */
export function argumentsOf(abi: Abi): readonly { readonly getter: string; readonly index: number }[] {
  return constructorInputs(abi).flatMap(({ name = '' }, index) => {
    const getter = name.replace(/_$/, '');
    return abi.some((item) => item.type === 'function' && item.name === getter && item.inputs.length === 0)
      ? [{ getter, index }]
      : [];
  });
}

async function read(rpc: Rpc, address: Hex, abi: Abi, functionName: string, contract: string): Promise<unknown> {
  try {
    return await rpc.client.readContract({ address, abi, functionName });
  } catch (error) {
    throw new PlumblineError(
      'chain-unreachable',
      `${contract}.${functionName} could not be read on chain ${rpc.chainId}: ${errorMessage(error)}; run the command again`,
      { address },
      error,
    );
  }
}

function isSame(a: unknown, b: unknown): boolean {
  return String(a).toLowerCase() === String(b).toLowerCase();
}

function differs(rpc: Rpc, { name, address }: Step, why: string): PlumblineError {
  return new PlumblineError('deploy-differs', `${name} at ${address} on chain ${rpc.chainId}: ${why}`, {
    name,
    address,
  });
}
