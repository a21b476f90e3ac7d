import type { Target } from './target.ts';
import { answer } from './targets/answer.ts';
import { config } from './targets/config.ts';
import { DECODERS } from './targets/decoders.ts';
import { egress } from './targets/egress.ts';
import { frame } from './targets/frame.ts';
import { INTAKES } from './targets/intake.ts';
import { journal } from './targets/journal.ts';
import { snapshot } from './targets/snapshot.ts';

/** Everything that reads bytes which somebody else may have written. */
export const TARGETS: readonly Target[] = [...DECODERS, ...INTAKES, frame, answer, egress, journal, config, snapshot];
