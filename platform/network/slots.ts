import type { Connection } from '@libp2p/interface';
import { CONNECTIONS_PER_PEER_MAX, KEPT_CONNECTIONS } from './limits.ts';

export type SlotOptions = {
  /** Connections of this node in all. */
  readonly max: number;
  /** Connections that are open now. */
  readonly connections: () => readonly Connection[];
  /** Whether a peer id is one of the registry or a configured one; anybody else is a stranger. */
  readonly isKept: (peer: string) => boolean;
};

export interface Slots {
  /** Takes a place for a connection that a peer has just made to us, or refuses it. */
  admit(peer: string): boolean;
  /** Whether one more connection to a stranger would take what is kept for others. */
  strangersFull(): boolean;
}

/**
 * Who may hold how many of the connections. Strangers cost nothing to make, so some places are not theirs, however many come
 * and however early: peers of the registry always find room, in either direction.
 */
export function createSlots({ max, connections, isKept }: SlotOptions): Slots {
  const strangersMax = max - Math.min(KEPT_CONNECTIONS, Math.floor(max / 2));
  /** Admitted, and not among the open connections yet. */
  const admitted: string[] = [];
  const peers = () => [...connections().map(({ remotePeer }) => remotePeer.toString()), ...admitted];
  const strangersFull = (): boolean => peers().filter((peer) => !isKept(peer)).length >= strangersMax;
  return {
    strangersFull,
    admit: (peer) => {
      if (peers().filter((other) => other === peer).length >= CONNECTIONS_PER_PEER_MAX) return false;
      if (!isKept(peer) && strangersFull()) return false;
      admitted.push(peer);
      // libp2p lists the connection, or drops it, before it waits for anything again.
      setImmediate(() => void admitted.splice(admitted.indexOf(peer), 1));
      return true;
    },
  };
}
