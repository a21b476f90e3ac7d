import type { Namespaces } from './namespaces.ts';
import { minoritySize } from './schedule.ts';

/** A way to cut a network of watchers, all of whom reach each other before and after. */
export type Cut = {
  readonly name: string;
  /** Whether watchers who hear each other still are more than two thirds. */
  readonly hasQuorum: boolean;
  /** Watchers whose attestations cannot reach a quorum while the cut lasts. */
  readonly silenced: readonly number[];
  apply(namespaces: Namespaces): Promise<void>;
  heal(namespaces: Namespaces): Promise<void>;
};

/** Every watcher named goes to side 1; the others stay. */
function split(name: string, away: readonly number[], hasQuorum: boolean): Cut {
  const move = async (namespaces: Namespaces, side: 0 | 1): Promise<void> => {
    for (const id of away) await namespaces.plug(id, side);
  };
  return {
    name,
    hasQuorum,
    silenced: hasQuorum ? away : [],
    apply: (namespaces) => move(namespaces, 1),
    heal: (namespaces) => move(namespaces, 0),
  };
}

/** Nothing that the watchers named send reaches the others, whom they go on hearing. A listener hears them still. */
function oneWay(name: string, mute: readonly number[], watchers: number): Cut {
  const others = Array.from({ length: watchers }, (_, id) => id).filter((id) => !mute.includes(id));
  const each = async (act: (from: number, to: number) => Promise<void>): Promise<void> => {
    for (const from of mute) for (const to of others) await act(from, to);
  };
  return {
    name,
    hasQuorum: true,
    // They hear everybody, so they can bring a certificate with themselves in it to the chain.
    silenced: [],
    apply: (namespaces) => each((from, to) => namespaces.mute(from, to)),
    heal: (namespaces) => each((from, to) => namespaces.unmute(from, to)),
  };
}

/** Each way to be cut, with the largest sides that it is about. */
export function cutsOf(watchers: number): Cut[] {
  const size = minoritySize(watchers);
  const first = (count: number, from: number) => Array.from({ length: count }, (_, i) => (from + i) % watchers);
  return [
    split('minority away', first(size, 0), true),
    split('no side has a quorum', first(size + 1, 2), false),
    split('one host alone', first(1, watchers - 1), true),
    oneWay('minority heard by nobody', first(size, 1), watchers),
    split('no side has a quorum, otherwise', first(Math.ceil(watchers / 2), 3), false),
  ];
}
