import { expect, it } from 'vitest';
import { MINIMAL, STANDARD } from '../../protocol/parameters.ts';
import { read, section } from './markdown.ts';

const WORDS = section(read('docs/MEASUREMENT.md'), 'Words');
const grouped = (n: number) => n.toLocaleString('en-US');
const { parameters, epochSeconds } = STANDARD;

it('the words of measurement say the values that a network has by default, and on a devnet', () => {
  const small = MINIMAL.parameters;
  for (const said of [
    `${epochSeconds} s (devnet ${MINIMAL.epochSeconds} s)`,
    `${parameters.windowEpochs.slice(0, 3).map(grouped).join(', ')} or ${grouped(parameters.windowEpochs[3])} of them`,
    `(devnet ${small.windowEpochs.filter((epochs) => epochs > 0).join(' or ')})`,
    `${grouped(parameters.deltaMillis)} ms (devnet ${small.deltaMillis} ms)`,
    `${parameters.minSamples} (devnet ${small.minSamples})`,
    `${grouped(parameters.maxFaultPpm)} ppm (${parameters.maxFaultPpm / 10_000} %)`,
  ])
    expect(WORDS).toContain(said);
  expect(small.maxFaultPpm).toBe(parameters.maxFaultPpm);
});
