import { afterEach, expect, test, vi } from 'vitest';
import type { PlumblineError } from '../../../protocol/error.ts';

const secretKey = new Uint8Array(32).fill(1);
const message = new Uint8Array(32);

afterEach(() => {
  vi.doUnmock('mcl-wasm');
  vi.resetModules();
});

async function createWith(mcl?: (real: Record<string, unknown>) => unknown) {
  if (mcl) {
    vi.doMock('mcl-wasm', async (load) => ({
      default: mcl((await load<{ default: Record<string, unknown> }>()).default),
    }));
  }
  const { createBls } = await import('../../../platform/bls/create.ts');
  const reasons: PlumblineError[] = [];
  const bls = await createBls((reason) => reasons.push(reason));
  return { bls, reasons };
}

test('createBls takes mcl where it starts', async () => {
  const { bls, reasons } = await createWith();
  expect(bls.name).toBe('mcl');
  expect(reasons).toEqual([]);
});

test('createBls falls back to noble with the reason when WebAssembly does not start', async () => {
  const { bls, reasons } = await createWith(() => ({
    init: () => Promise.reject(new Error('WebAssembly is disabled')),
  }));
  expect(bls.name).toBe('noble');
  expect(reasons).toMatchObject([{ code: 'bls-mcl', message: expect.stringContaining('WebAssembly is disabled') }]);
  expect(bls.verify(bls.publicKey(secretKey), message, bls.sign(secretKey, message))).toBe(true);
});

test('createBls falls back when mcl lacks a function', async () => {
  const { bls, reasons } = await createWith((real) => {
    const mod = () => ({ ...(real.mod as object), _mclBnG1_mulCT: undefined });
    return new Proxy(real, { get: (target, key) => (key === 'mod' ? mod() : target[key as string]) });
  });
  expect(bls.name).toBe('noble');
  expect(reasons[0]?.message).toContain('mulCT');
});

test('createBls falls back when mcl hashes to another point', async () => {
  const { bls, reasons } = await createWith((real) => {
    const mod = () => {
      const module = real.mod as Record<string, (...args: number[]) => number>;
      // Ignores the tag, as mcl's own default would.
      const hash = (out: number, at: number, length: number) => module._mclBnG1_hashAndMapTo?.(out, at, length);
      return { ...module, _mclBnG1_hashAndMapToWithDst: hash };
    };
    return new Proxy(real, { get: (target, key) => (key === 'mod' ? mod() : target[key as string]) });
  });
  expect(bls.name).toBe('noble');
  expect(reasons[0]?.message).toContain('hash to curve gives');
});
