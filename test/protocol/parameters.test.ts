import { describe, expect, it } from 'vitest';
import { concat } from '../../protocol/bytes.ts';
import { PlumblineError } from '../../protocol/error.ts';
import { decodeParameters, encodeParameters, MINIMAL, parametersId, STANDARD } from '../../protocol/parameters.ts';

const { parameters } = STANDARD;

describe('the parameters', () => {
  it.each([
    ['standard', STANDARD],
    ['minimal', MINIMAL],
  ] as const)('of the %s preset come back from their bytes', (_, preset) => {
    expect(decodeParameters(encodeParameters(preset.parameters))).toEqual(preset.parameters);
    expect(encodeParameters(preset.parameters)).toHaveLength(14 * 32);
  });

  it('have another id for a change of any field', () => {
    const ids = Object.keys(parameters).map((name) => {
      const value = parameters[name as keyof typeof parameters];
      const changed = typeof value === 'number' ? value + 1 : [value[0], value[1], value[2], value[3] + 1];
      return Buffer.from(parametersId({ ...parameters, [name]: changed })).toString('hex');
    });
    expect(new Set([...ids, Buffer.from(parametersId(parameters)).toString('hex')]).size).toBe(ids.length + 1);
  });

  it('refuse bytes that are not their canonical encoding', () => {
    const bytes = encodeParameters(parameters);
    const dirty = Uint8Array.from(bytes);
    dirty[32] = 1;
    for (const bad of [new Uint8Array(0), bytes.subarray(0, 400), concat(bytes, new Uint8Array(32)), dirty]) {
      expect(() => decodeParameters(bad)).toThrow(PlumblineError);
    }
  });

  it('refuse another protocol version, and a schedule in which reveals close before they open', () => {
    expect(() => decodeParameters(encodeParameters({ ...parameters, protocolVersion: 1 }))).toThrow(
      /version 1, .* speaks 4/,
    );
    const late = { ...parameters, revealMillis: parameters.commitMillis + 2 * parameters.deltaMillis };
    expect(() => decodeParameters(encodeParameters(late))).toThrow(/reveals must start/);
    expect(() => decodeParameters(encodeParameters({ ...parameters, viewMillis: 0 }))).toThrow(PlumblineError);
  });

  it('name windows that fit the counters: the most samples of one watcher stay below 2^32', () => {
    for (const preset of [STANDARD, MINIMAL]) {
      for (const length of preset.parameters.windowEpochs) expect(length * 1_024).toBeLessThan(2 ** 32);
    }
  });
});
