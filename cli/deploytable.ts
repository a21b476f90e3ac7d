import { formatEther, formatGwei } from 'viem';
import { align } from '../audit/table.ts';
import type { State } from '../platform/deploy/deploy.ts';
import type { Estimate } from '../platform/deploy/simulate.ts';

export type Price = {
  /** Wei a unit of gas: today's base fee and tip. */
  readonly today: bigint;
  /** The most that a transaction offers. */
  readonly most: bigint;
  readonly balance: bigint;
  /** Balance that sending everything may need. */
  readonly needed: bigint;
};

/** What would be sent, and what stands already, as lines of text. */
export function deployTable(state: State, estimates: readonly Estimate[], price: Price): string[] {
  const { plan, found, transactions } = state;
  const rows = plan.steps.map(({ name, address, creationCode, reused }, i) => {
    const at = transactions.findIndex((one) => one.name === name);
    const bytes = ((creationCode.length - 2) / 2).toLocaleString('en-US');
    return [
      name,
      address,
      bytes,
      ...(at < 0 ? [found[i] && reused ? 'reused' : 'there', ''] : cells(estimates[at]!, price)),
    ];
  });
  const factory = transactions.findIndex(({ name }) => name === 'DeploymentFactory');
  const { address, exists } = state.factory;
  const size = factory < 0 ? '' : ((transactions[factory]!.creationCode.length - 2) / 2).toLocaleString('en-US');
  const own = factory >= 0 ? cells(estimates[factory]!, price) : [exists ? 'there' : 'not needed', ''];
  const total = estimates.reduce((sum, { gas }) => sum + gas, 0n);
  const all = { gas: total, how: estimates.some(({ how }) => how === 'bound') ? 'bound' : 'simulated' } as const;
  const table = [
    ['contract', 'address', 'bytes', 'gas', 'ETH'],
    ['DeploymentFactory', address, size, ...own],
    ...rows,
    ['', '', 'in all', ...cells(all, price)],
  ];
  const bound = all.how === 'bound' ? ['≤ is a bound from the size: this RPC has no eth_simulateV1.'] : [];
  return [
    ...align(table, 2),
    ...bound,
    `price ${formatGwei(price.today)} gwei today, at most ${formatGwei(price.most)}; ` +
      `balance ${formatEther(price.balance)} ETH, needed at most ${formatEther(price.needed)} ETH`,
  ];
}

function cells({ gas, how }: Estimate, { today }: Price): [string, string] {
  const mark = how === 'bound' ? '≤ ' : '';
  return [`${mark}${gas.toLocaleString('en-US')}`, `${mark}${Number(formatEther(gas * today)).toFixed(6)}`];
}
