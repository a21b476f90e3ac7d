import type { Target } from './target.ts';
import { answer } from './targets/answer.ts';
import { config } from './targets/config.ts';
import { DECODERS } from './targets/decoders.ts';
import { dns } from './targets/dns.ts';
import { egress } from './targets/egress.ts';
import { frame } from './targets/frame.ts';
import { INTAKES } from './targets/intake.ts';
import { journal } from './targets/journal.ts';
import { json } from './targets/json.ts';
import { snapshot } from './targets/snapshot.ts';
import { websocket } from './targets/websocket.ts';

/** Everything that reads bytes which somebody else may have written. */
export const TARGETS: readonly Target[] = [
  ...DECODERS,
  ...INTAKES,
  frame,
  answer,
  websocket,
  dns,
  json,
  egress,
  journal,
  config,
  snapshot,
];
