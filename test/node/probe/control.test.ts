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
    await controls.check();
    expect(await controls.healthySince(100_000)).toBe(false);
    expect(await controls.healthySince(100_001)).toBe(true);
  });

  it('vouch for nobody when they were not asked before the probe', async () => {
    const clock = manualClock();
    const controls = createControls(targets(1), clock, async () => true);
    await controls.check();
    clock.jump(9_000);
    expect(await controls.healthySince(3_000_000)).toBe(false);
    // That call was a round itself.
    expect(await controls.healthySince(3_000_000)).toBe(true);
    expect(await createControls([], clock).healthySince(0)).toBe(true);
  });

  it('are asked again after the probe, although a round is running', async () => {
    const clock = manualClock();
    const rounds: ((up: boolean) => void)[] = [];
    const reach = () => new Promise<boolean>((resolve) => rounds.push(resolve));
    const controls = createControls(targets(1), clock, reach);
    void controls.check();
    clock.jump(50);
    const both = Promise.all([controls.healthySince(0), controls.healthySince(0)]);
    rounds[0]?.(true);
    await clock.advance(0);
    rounds[1]?.(false);
    expect(await both).toEqual([false, false]);
    expect(rounds.length).toBe(2);
  });

  it('do not vouch for an answer that came while they were sick', async () => {
    const clock = manualClock();
    const rounds: ((up: boolean) => void)[] = [];
    const controls = createControls(targets(1), clock, () => new Promise((resolve) => rounds.push(resolve)));
    clock.jump(1_000);
    controls.accompany();
    clock.jump(50);
    // The answer is there, the round beside it is not.
    const vouched = controls.wellSince(1_000_000);
    clock.jump(1_000);
    rounds[0]?.(false);
    expect(await vouched).toBe(false);
    expect(await controls.wellSince(2_050_001)).toBe(true);
    expect(rounds.length).toBe(1);
  });

  it('accompany probes, half a second apart', async () => {
    const clock = manualClock();
    let rounds = 0;
    const controls = createControls(targets(1), clock, async () => {
      rounds += 1;
      return true;
    });
    for (let i = 0; i < 10; i++) {
      controls.accompany();
      await clock.advance(100);
    }
    expect(rounds).toBe(2);
  });

  it('count what their targets answered, for one batch', async () => {
    const controls = createControls(targets(3), manualClock(), async ({ port }) => port !== 1_001);
    await controls.check();
    await controls.check();
    expect(controls.take()).toEqual({ good: 4, bad: 2 });
    expect(controls.take()).toEqual({ good: 0, bad: 0 });
  });

  it('are sick when the names fail although the addresses answer', async () => {
    let known = true;
    const controls = createControls(targets(3), manualClock(), async () => true, [async () => known]);
    expect(await controls.check()).toBe(true);
    known = false;
    expect(await controls.check()).toBe(false);
    expect(controls.take()).toEqual({ good: 7, bad: 1 });
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
