import { provenState } from '../../../ledger/ledger.ts';
import { equalBytes } from '../../../protocol/bytes.ts';
import { EMPTY_HISTORY } from '../../../protocol/history.ts';
import { computeReport } from '../../../protocol/report.ts';
import { encodeState, StateSsz } from '../../../protocol/state.ts';
import { mutateBytes } from '../mutate.ts';
import { claim, encodedNear, type Target } from '../target.ts';
import { nextContext, states, world } from '../world.ts';

const encoded = states.map(encodeState);
const flat = encoded.map((bytes) => StateSsz.deserialize(bytes));
const [trueBytes, trueState] = [encoded.at(-1)!, states.at(-1)!];
const nextHash = computeReport(trueState, nextContext, []).hash;

/** A stranger's snapshot is taken only when every later report comes out as from the true state. */
function run(bytes: Uint8Array): boolean {
  const state = provenState(bytes, { before: EMPTY_HISTORY, recent: world.landed });
  if (state === undefined) return false;
  if (equalBytes(encodeState(state), trueBytes)) return true;
  claim(equalBytes(computeReport(state, nextContext, []).hash, nextHash), 'proven, and the next report is another one');
  return true;
}

export const snapshot: Target = {
  name: 'proven-state',
  open: () => ({
    generate: (random) => {
      const index = random.oneIn(8) ? random.below(encoded.length) : encoded.length - 1;
      const bytes = random.oneIn(2)
        ? encodedNear(random, flat[index]!, (value) => StateSsz.serialize(value))
        : encoded[index]!;
      return random.oneIn(2) ? mutateBytes(random, bytes, { inputs: encoded }) : bytes;
    },
    run,
  }),
};
