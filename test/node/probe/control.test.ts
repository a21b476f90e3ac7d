import { describe, expect, it } from 'vitest';
import { CONTROLS_MAX, createControls } from '../../../node/probe/control.ts';
import { systemClock } from '../../../platform/clock.ts';
import { manualClock } from './manual-clock.ts';
import { rawServer } from './raw-server.ts';

const targets = (count: number) => Array.from({ length: count }, (_, i) => ({ address: '127.0.0.1', port: 1_000 + i }));

describe('the controls', () => {
  it('reach a server that listens, and miss one that does not', async () => {
    await using up = await rawServer(() => undefined);
    const down = await rawServer(() => undefined);
    await down[Symbol.asyncDispose]();
    const at = (port: number) => ({ address: '127.0.0.1', port });
    expect(await createControls([at(up.port)], systemClock()).check()).toBe(true);
    expect(await createControls([at(down.port)], systemClock()).check()).toBe(false);
  });

  it.each([
    [0, 0, true],
    [1, 1, true],
    [2, 1, false],
    [3, 2, true],
    [3, 1, false],
  ])('of %i with %i reachable are healthy: %s', async (count, reachable, healthy) => {
    const reach = async (target: { port: number }) => target.port < 1_000 + reachable;
    expect(await createControls(targets(count), manualClock(), reach).check()).toBe(healthy);
  });

  it('remember an outage that is over by the time somebody asks', async () => {
    const clock = manualClock();
    let up = false;
    const controls = createControls(targets(1), clock, async () => up);
    clock.jump(100);
    await controls.check();
    up = true;
    clock.jump(100);
    expect(await controls.healthySince(100_000)).toBe(false);
    expect(await controls.healthySince(100_001)).toBe(true);
  });

  it('are asked once by any number of failed probes at the same time', async () => {
    let asked = 0;
    const controls = createControls(targets(3), manualClock(), async () => {
      asked += 1;
      return true;
    });
    await Promise.all(Array.from({ length: 50 }, () => controls.healthySince(0)));
    expect(asked).toBe(3);
  });

  it('are at most a handful', async () => {
    let asked = 0;
    const reach = async () => {
      asked += 1;
      return true;
    };
    await createControls(targets(100), manualClock(), reach).check();
    expect(asked).toBe(CONTROLS_MAX);
  });
});
