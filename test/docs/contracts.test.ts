import { describe, expect, it } from 'vitest';
import * as abi from '../../protocol/abi.ts';
import { QUANTILES } from '../../protocol/bounds.ts';
import { LEAF_ABI, type Leaf, packStat, STAT } from '../../protocol/leaf.ts';
import { METRIC, METRIC_COUNT } from '../../protocol/metric.ts';
import { MINIMAL, STANDARD } from '../../protocol/parameters.ts';
import { COMPARATOR, STATISTIC, settle, VERDICT, verdictOf } from '../../protocol/settlement.ts';
import { REASON_TEXTS } from '../../sdk/reason-texts.ts';
import { codeBlock, filesUnder, read, rowsOf, section } from './markdown.ts';

const PAGE = read('docs/CONTRACTS.md');
const plain = (text: string) => text.replaceAll('`', '');
const number = (text: string) => Number(text.replaceAll(',', ''));
const tables = (heading: string, columns: number) =>
  rowsOf(section(PAGE, heading)).filter((cells) => cells.length === columns);

/** Every value of every snapshot, written in groups of three digits. */
function snapshots(): Map<string, string> {
  const entries = filesUnder('contracts/snapshots', '.json').flatMap((file) => Object.entries(JSON.parse(read(file))));
  return new Map(entries.map(([name, value]) => [name, Number(value).toLocaleString('en-US')]));
}

describe('the page for contract authors', () => {
  it('has every named error of the contracts, and where it comes from', () => {
    const contracts = {
      AggregatorV3Adapter: abi.aggregatorV3AdapterAbi,
      DeploymentFactory: abi.deploymentFactoryAbi,
      DevnetToken: abi.devnetTokenAbi,
      EquivocationCourt: abi.equivocationCourtAbi,
      Erc20StakeSource: abi.erc20StakeSourceAbi,
      FailoverRouter: abi.failoverRouterAbi,
      MeasurementOracle: abi.measurementOracleAbi,
      ServiceRegistry: abi.serviceRegistryAbi,
      SlaMarket: abi.slaMarketAbi,
      SlaVault: abi.slaVaultAbi,
      WatcherRegistry: abi.watcherRegistryAbi,
    };
    const from = new Map<string, string[]>();
    for (const [contract, items] of Object.entries(contracts)) {
      for (const item of items) {
        if (item.type === 'error') from.set(item.name, [...(from.get(item.name) ?? []), contract]);
      }
    }
    const table = tables('Errors', 3);
    expect(table.map(([name]) => plain(name!))).toEqual([...from.keys()].sort());
    for (const [name, where, when] of table) {
      expect([name, where!.split(', ').sort()]).toEqual([name, from.get(plain(name!))!.sort()]);
      // What the SDK says, but for the links.
      const text = when!.replace(/ \(\[[^\]]*\]\([^)]*\)\)/g, '').replaceAll('’', "'");
      expect([name, plain(text)]).toEqual([name, REASON_TEXTS[plain(name!) as keyof typeof REASON_TEXTS]]);
    }
  });

  it('quotes every gas number and code size as the snapshots have them', () => {
    expect(new Map(tables('Gas', 2) as [string, string][])).toEqual(snapshots());
  });

  it('shows the consumer contract as it is', () => {
    expect(codeBlock(PAGE, 'solidity')).toBe(read('contracts/src/examples/AvailabilityReader.sol'));
  });

  it('lists the fields of a leaf in their order, with their types', () => {
    const [struct] = LEAF_ABI as unknown as [{ components: { name: string; type: string }[] }];
    const table = tables('The leaf', 3).filter(([, type]) => /^(bytes|u?int|bool)/.test(type!));
    expect(table.map(([name, type]) => [plain(name!), type])).toEqual(
      struct.components.map(({ name, type }) => [name, type]),
    );
  });

  it('places the parts of a stat word where they are', () => {
    const median = { value: 1, lower: 2, upper: 3 };
    const tail = { value: 4, lower: 5, upper: 6 };
    const word = packStat({ status: STAT.present, median, tail });
    const parts = tables('The leaf', 3).filter(([, bits]) => /^\d+$/.test(bits!));
    expect(parts.map(([, bits, shift]) => Number((word >> BigInt(shift!)) & ((1n << BigInt(bits!)) - 1n)))).toEqual([
      2, 1, 2, 3, 4, 5, 6, 0,
    ]);
  });

  it('lists every metric with the samples that it needs', () => {
    const table = tables('The leaf', 5);
    expect(table.map(([index]) => Number(index))).toEqual(Array.from({ length: METRIC_COUNT }, (_, i) => i));
    const latencies = table.slice(METRIC.latencyP50Micros, METRIC.latencyP999Micros + 1);
    expect(latencies.map((cells) => number(cells[4]!))).toEqual(QUANTILES.map(({ nMin }) => nMin));
    expect(table[0]![4]).toContain(`(${STANDARD.parameters.minSamples}; devnet ${MINIMAL.parameters.minSamples})`);
  });

  it('lists the windows of the presets', () => {
    const rows = tables('Windows', 3);
    for (const [i, preset] of [STANDARD, MINIMAL].entries()) {
      expect(rows[i]![1]).toBe(`${preset.epochSeconds} s`);
      const windows = [...rows[i]![2]!.matchAll(/[\d,]*\d(?![\d ]*days)/g)].map(([text]) => number(text));
      expect(windows).toEqual(preset.parameters.windowEpochs.filter((length) => length > 0));
    }
  });

  it('works the settlement example out as the rule does', () => {
    const objective = { metric: 0, statistic: STATISTIC.median, comparator: COMPARATOR.atLeast, threshold: 990_000 };
    const terms = { price: 10_000n, slash: 20_000n, creditPpm: 250_000 };
    const rows = tables('The settlement rule', 8);
    expect(rows.length).toBe(4);
    for (const [value, lower, upper, conclusive, outcome, ...amounts] of rows) {
      const median = { value: number(value!), lower: number(lower!), upper: number(upper!) };
      const stats = [{ status: STAT.present, median, tail: median }];
      const verdict = verdictOf({ conclusive: conclusive === 'yes', stats } as unknown as Leaf, [objective]);
      const { paidToProvider, returnedToCustomer, slashed } = settle(verdict, terms, 50_000n);
      expect(verdict).toBe(VERDICT[outcome!.toLowerCase() as keyof typeof VERDICT]);
      expect(amounts.map((text) => BigInt(Number(text) * 1_000))).toEqual([
        paidToProvider,
        returnedToCustomer,
        slashed,
      ]);
    }
  });

  it('agrees with the page for operators about gas', () => {
    const rows = rowsOf(section(read('docs/OPERATORS.md'), 'Gas'));
    expect(rows.length).toBeGreaterThan(0);
    for (const [name, gas] of rows) expect([name, gas]).toEqual([name, snapshots().get(name!)]);
  });
});
