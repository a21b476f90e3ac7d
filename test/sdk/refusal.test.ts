import { encodeAbiParameters, encodeErrorResult, parseAbiItem, toFunctionSelector, zeroAddress } from 'viem';
import { describe, expect, test } from 'vitest';
import * as abi from '../../protocol/abi.ts';
import { CONTRACT_ERRORS } from '../../sdk/contract-errors.ts';
import { REASON_TEXTS } from '../../sdk/reason-texts.ts';
import { decodeRefusal } from '../../sdk/refusal.ts';

/** A value of a type, unlike zero where that could hide something. */
function sampleOf(type: string): unknown {
  if (type === 'address') return zeroAddress;
  if (type === 'string') return 'text';
  if (type.startsWith('bytes')) return `0x${'ab'.repeat(Number(type.slice(5)))}`;
  const bits = Number(/^uint(\d+)$/.exec(type)?.[1]);
  return bits > 48 ? 7n : 7;
}

/** Every error of every generated ABI, also of contracts that nobody has told the SDK about. */
const ERRORS = Object.values(abi).flatMap((items) =>
  (items as readonly { type: string; name?: string }[]).filter(({ type }) => type === 'error'),
) as unknown as typeof CONTRACT_ERRORS;
const signatureOf = ({ name, inputs }: (typeof ERRORS)[number]) => `${name}(${inputs.map(({ type }) => type)})`;

describe('every error of the contracts', () => {
  test('has a reason, and no reason is left of an error that is gone', () => {
    const names = new Set(ERRORS.map(({ name }) => name));
    expect(names.size).toBeGreaterThan(100);
    expect(Object.keys(REASON_TEXTS).sort()).toEqual([...names].sort());
    for (const [name, text] of Object.entries(REASON_TEXTS)) expect(text.length, name).toBeGreaterThan(5);
  });

  test('is decoded to its name, its arguments by name, and its reason in words', () => {
    for (const item of ERRORS) {
      const args = item.inputs.map(({ type }) => sampleOf(type));
      const data = encodeErrorResult({ abi: [item], errorName: item.name, args } as never);
      const refusal = decodeRefusal('the call', data);
      expect(refusal.reason).toBe(item.name);
      // Two contracts may name the arguments of one signature differently.
      const known = CONTRACT_ERRORS.find((one) => signatureOf(one) === signatureOf(item))!;
      expect(Object.keys(refusal.args), item.name).toEqual(known.inputs.map(({ name }) => name));
      expect(Object.values(refusal.args).map(String)).toEqual(args.map(String));
      const text = REASON_TEXTS[item.name as keyof typeof REASON_TEXTS];
      expect(refusal.message).toContain(`the call was refused: ${item.name}: ${text}`);
      expect([refusal.code, refusal.data]).toEqual(['refused', data]);
      expect(refusal.evidence).toMatchObject({ reason: item.name, data });
    }
  });

  test('has a selector of its own', () => {
    const selectors = CONTRACT_ERRORS.map((item) => toFunctionSelector(signatureOf(item)));
    expect(new Set(selectors).size).toBe(CONTRACT_ERRORS.length);
  });
});

const messageOf = (signature: string, args: readonly unknown[]) => {
  const item = parseAbiItem(signature as never) as (typeof ERRORS)[number];
  const data = encodeErrorResult({ abi: [item], errorName: item.name, args } as never);
  return decodeRefusal('settle', data).message;
};

describe('in words', () => {
  test('statuses, outcomes and metrics have their names, and times a date', () => {
    expect(messageOf('error WrongStatus(uint256 id, uint8 status, uint8 expected)', [3n, 4, 3])).toMatch(
      /; id 3, status 4 \(closed\), expected 3 \(active\)$/,
    );
    expect(messageOf('error WrongIntentStatus(uint256 intentId, uint8 status, uint8 expected)', [1n, 3, 1])).toMatch(
      /; intent id 1, status 3 \(matched\), expected 1 \(open\)$/,
    );
    expect(
      messageOf('error PeriodAlreadySettled(uint256 agreementId, uint32 period, uint8 outcome)', [1n, 0, 3]),
    ).toMatch(/; agreement id 1, period 0, outcome 3 \(breached\)$/);
    const stale = 'error Stale(bytes32 serviceId, uint8 metric, uint64 observedAt, uint64 ageSeconds)';
    const id = `0x${'01'.repeat(32)}`;
    expect(messageOf(stale, [id, 0, 1_800_000_000n, 60n])).toMatch(
      /metric 0 \(availabilityPpm\), observed at 1800000000 \(2027-01-15T08:00:00.000Z\), age seconds 60$/,
    );
    expect(messageOf(stale, [id, 99, 2n ** 63n, 60n])).toMatch(
      /metric 99, observed at 9223372036854775808, age seconds 60$/,
    );
    expect(messageOf('error ServiceDoesNotQualify(bytes32 serviceId, string what)', [id, 'kind'])).toMatch(
      /what "kind"$/,
    );
    expect(messageOf('error SignatureRejected(bytes32 reportHash, uint32 view_)', [id, 2])).toMatch(/, view 2$/);
  });
});

describe('what no contract of ours says', () => {
  test('is named as such, with its data', () => {
    const data = '0xdeadbeef0102';
    expect(decodeRefusal('settle', data)).toMatchObject({
      reason: 'unknown',
      args: {},
      data,
      message:
        'settle was refused: unknown: an error that no contract of this release has, 0xdeadbeef; its data is 0xdeadbeef0102',
    });
    expect(decodeRefusal('settle', '0x12').reason).toBe('unknown');
    expect(decodeRefusal('settle', '0x').reason).toBe('none');
  });

  test('is Solidity’s own where it is', () => {
    const said = `0x08c379a0${encodeAbiParameters([{ type: 'string' }], ['no tokens today']).slice(2)}` as const;
    expect(decodeRefusal('settle', said)).toMatchObject({
      reason: 'Error',
      message: expect.stringContaining('a contract said; message "no tokens today"'),
    });
    const panic = `0x4e487b71${encodeAbiParameters([{ type: 'uint256' }], [17n]).slice(2)}` as const;
    expect(decodeRefusal('settle', panic)).toMatchObject({ reason: 'Panic' });
  });

  test('or is cut off in the middle is unknown, and nothing is thrown', () => {
    const item = ERRORS.find(({ name }) => name === 'SettleDelayRunning')!;
    const whole = encodeErrorResult({ abi: [item], errorName: item.name, args: [5n, 7n] } as never);
    expect(decodeRefusal('settle', whole.slice(0, -2) as `0x${string}`).reason).toBe('unknown');
  });
});
