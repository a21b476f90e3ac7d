import { encodeAbiParameters, encodeDeployData, encodeFunctionData, getContractAddress, stringToHex } from 'viem';
import { deploymentFactoryAbi } from '../../protocol/abi.ts';
import { concat, fromHex, type Hex, keccak, toHex } from '../../protocol/bytes.ts';
import { PlumblineError } from '../../protocol/error.ts';
import type { Rpc } from '../chain/client.ts';
import type { Artifact } from './artifact.ts';

/**
 * The deterministic deployment proxy (github.com/Arachnid/deterministic-deployment-proxy): on most chains at this address. It
 * takes a salt and creation code, and whoever calls it, the same bytes come to the same address.
 */
export const CREATE2_PROXY: Hex = '0x4e59b44847b379578588920ca78fbf26c0b4956c';
/** Its whole code; anything else at that address is not it. */
const CREATE2_PROXY_CODE: Hex =
  '0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3';
const CREATE2_SALT: Hex = `0x${'00'.repeat(32)}`;

/** On a chain without that proxy: nonces of the deployer that are searched for a factory of an earlier run, newest first. */
export const FACTORY_NONCES_MAX = 512;

/** keccak256 of the proxy that CREATE3 makes for every name: solady's `PROXY_INITCODE_HASH`. */
const SLOT_CODE_HASH: Hex = '0x21c35dbe1b344a2488cf3321d6ce542f8e9f305544ff09e4993a62319a497c1f';

/** The DeploymentFactory of one account. */
export type Factory = {
  readonly address: Hex;
  readonly deployer: Hex;
  readonly exists: boolean;
  /** What creates it. */
  readonly transaction: { readonly to: Hex | undefined; readonly data: Hex; readonly nonce: number | undefined };
};

/**
 * Where the account's factory is, or would come to be: at the same address on every chain with the CREATE2 proxy, elsewhere
 * at the address of one of the account's own creations.
 * @throws PlumblineError `deploy-differs` when other code stands there
 */
export async function findFactory(rpc: Rpc, artifact: Artifact, deployer: Hex): Promise<Factory> {
  const { client } = rpc;
  const code = encodeDeployData({ abi: deploymentFactoryAbi, bytecode: artifact.bytecode, args: [deployer] });
  const expected = runtimeOf(artifact, deployer);
  if ((await client.getCode({ address: CREATE2_PROXY })) === CREATE2_PROXY_CODE) {
    const address = lower(
      getContractAddress({ opcode: 'CREATE2', from: CREATE2_PROXY, salt: CREATE2_SALT, bytecode: code }),
    );
    const found = await client.getCode({ address });
    const transaction = {
      to: CREATE2_PROXY,
      data: toHex(concat(fromHex(CREATE2_SALT), fromHex(code))),
      nonce: undefined,
    };
    if (found === undefined || found === expected) {
      return { address, deployer, exists: found === expected, transaction };
    }
    throw new PlumblineError(
      'deploy-differs',
      `DeploymentFactory: ${address} on chain ${rpc.chainId} has other code than this program’s: run the release that deployed it`,
      { address },
    );
  }
  const nonce = await client.getTransactionCount({ address: deployer });
  const addressAt = (n: number) => lower(getContractAddress({ from: deployer, nonce: BigInt(n) }));
  const nonces = Array.from({ length: Math.min(nonce, FACTORY_NONCES_MAX) }, (_, i) => nonce - 1 - i);
  const codes = await Promise.all(nonces.map((n) => client.getCode({ address: addressAt(n) })));
  const past = nonces[codes.indexOf(expected)];
  const transaction = { to: undefined, data: code, nonce };
  return { address: addressAt(past ?? nonce), deployer, exists: past !== undefined, transaction };
}

/** The factory's code on chain: its one immutable, the deployer, in every place of it. */
function runtimeOf({ runtime, immutables }: Artifact, deployer: Hex): Hex {
  const bytes = fromHex(runtime);
  for (const { start } of immutables) bytes.set(fromHex(deployer), start + 12);
  return toHex(bytes);
}

/** What `DeploymentFactory.create` is given for a contract of a deployment. */
export function nameOf(salt: string, contract: string): Hex {
  const parts = [stringToHex(salt, { size: 32 }), contract] as const;
  return toHex(keccak(fromHex(encodeAbiParameters([{ type: 'bytes32' }, { type: 'string' }], parts))));
}

/** The proxy that the factory makes with CREATE2 for a name, and which then creates the contract. */
export function slotAddress(factory: Hex, salt: string, contract: string): Hex {
  const name = nameOf(salt, contract);
  return lower(getContractAddress({ opcode: 'CREATE2', from: factory, salt: name, bytecodeHash: SLOT_CODE_HASH }));
}

/** CREATE3: the first contract of the name's proxy. */
export function contractAddress(factory: Hex, salt: string, contract: string): Hex {
  return lower(getContractAddress({ from: slotAddress(factory, salt, contract), nonce: 1n }));
}

export function createCall(salt: string, contract: string, creationCode: Hex): Hex {
  const args = [nameOf(salt, contract), creationCode] as const;
  return encodeFunctionData({ abi: deploymentFactoryAbi, functionName: 'create', args });
}

/** viem answers checksummed addresses; files and comparisons here are in small letters. */
function lower(address: Hex): Hex {
  return address.toLowerCase() as Hex;
}
