import { appendHistory, EMPTY_HISTORY, historyRoot } from '../../protocol/history.ts';
import { historyProof } from '../../protocol/historyproof.ts';
import { emitVector } from './emit.ts';
import { drawn, drawnBelow } from './world.ts';

/** Every place in the histories of up to nine reports, and drawn places in drawn histories of up to 300. */
export function historyVectors() {
  const small = Array.from({ length: 9 }, (_, i) => i + 1).flatMap((count) =>
    Array.from({ length: count }, (_, index) => ({ count, index })),
  );
  const large = Array.from({ length: 30 }, (_, i) => {
    const count = 10 + drawnBelow(291, 'history count', i);
    return { count, index: drawnBelow(count, 'history index', i) };
  });
  const hashes = Array.from({ length: 300 }, (_, i) => drawn('history report', i));
  const cases = [...small, ...large].map(({ count, index }) => {
    const reports = hashes.slice(0, count);
    const { siblings, peaks } = historyProof(reports, index);
    const root = historyRoot(reports.reduce(appendHistory, EMPTY_HISTORY));
    return { count, index, reportHash: hashes[index]!, siblings, peaks, root };
  });
  return { cases };
}

if (import.meta.main) emitVector('history.json', historyVectors());
