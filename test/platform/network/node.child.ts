import { silentLog } from '../../../platform/log.ts';
import { loadIdentity } from '../../../platform/network/identity.ts';
import { createLibp2pNetwork } from '../../../platform/network/libp2p.ts';

/** A node in a process of its own: prints its addresses, then echoes what it hears on `commit` and answers on `reveal`. */
const [identityPath, listen, oracle, ...bootnodes] = process.argv.slice(2) as [string, string, string, ...string[]];
const node = await createLibp2pNetwork({
  chainId: 31_337,
  oracle,
  identity: await loadIdentity(identityPath),
  epochMillis: 4_000,
  listen: [listen],
  bootnodes,
  log: silentLog,
});
node.subscribe('reveal', 1_000, async () => ({ kind: 'accept' }));
node.subscribe('commit', 1_000, async (_from, data) => {
  console.log(`heard ${new TextDecoder().decode(data)}`);
  await node.publish('reveal', data);
  return { kind: 'accept' };
});
console.log(node.addresses()[0]);
