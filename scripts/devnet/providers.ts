import { join } from 'node:path';
import { encodeRpcDemand } from '../../node/probe/jsonrpc.ts';
import { toHex } from '../../protocol/bytes.ts';
import { SERVICE_KIND } from '../../protocol/service.ts';
import type { Child } from './child.ts';
import { OBJECTIVES, PROBE, RPC_OBJECTIVES, RPC_PROBE, RPC_SERVICES, SERVICES } from './plan.ts';
import type { SetUp } from './setup.ts';

/** A provider of the devnet: its process, and what it registers and promises once its port is known. */
export type Provider = {
  readonly name: string;
  readonly child: Child;
  readonly offer: (port: number) => SetUp['services'][number];
};

type Start = (program: string, args: readonly string[], name: string) => Child;

const SERVICE_PROGRAM = join(import.meta.dirname, 'service.ts');
const RPC_PROGRAM = join(import.meta.dirname, 'rpc-service.ts');

/** Starts the web providers, and with `rpc` those of the chain's JSON-RPC. */
export function startProviders(start: Start, options: { seed: number; rpc: boolean; chainId: number }): Provider[] {
  const urlOf = (port: number) => `http://127.0.0.1:${port}/`;
  const web = SERVICES.map(({ name, delayMillis, failShare }, i): Provider => {
    const args = [
      '--name',
      name,
      '--delay',
      `${delayMillis}`,
      '--fail',
      `${failShare}`,
      '--seed',
      `${options.seed + i}`,
    ];
    const config = { kind: SERVICE_KIND.http, method: 'GET', expectedStatus: 200, extra: '0x', ...PROBE } as const;
    return {
      name,
      child: start(SERVICE_PROGRAM, args, `provider-${name}`),
      offer: (port) => ({ name, config: { ...config, url: urlOf(port) }, objectives: OBJECTIVES }),
    };
  });
  if (!options.rpc) return web;
  const { headAgeSecondsMax, depth, ...probe } = RPC_PROBE;
  const extra = toHex(encodeRpcDemand({ chainId: BigInt(options.chainId), headAgeSecondsMax, depth }));
  const config = { kind: SERVICE_KIND.jsonRpc, method: '', expectedStatus: 0, extra, ...probe } as const;
  const rpc = RPC_SERVICES.map(
    ({ name, manner }): Provider => ({
      name,
      child: start(RPC_PROGRAM, ['--name', name, '--manner', manner], `provider-${name}`),
      offer: (port) => ({ name, config: { ...config, url: urlOf(port) }, objectives: RPC_OBJECTIVES }),
    }),
  );
  return [...web, ...rpc];
}
