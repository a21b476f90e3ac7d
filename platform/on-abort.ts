/** One who waits for the signal; the ring's own begins and ends it. */
type Waiting = { call: (() => void) | undefined; previous: Waiting; next: Waiting };

/** Who waits for each signal, in the order in which they came. */
const rings = new WeakMap<AbortSignal, Waiting>();

/**
 * As `signal.addEventListener('abort', call, { once: true })`, for a signal on which a thousand short-lived ones a second wait. Each of them is
 * let go of at once. Neither Node's own listeners nor a Set do that: what was removed keeps its link to the next one, or an old
 * table its values, so that one of them that outlived a young collection keeps all later ones alive until the next full one.
 * @param signal a controller's own: Node keeps those of `AbortSignal.any` and `timeout` alive as long as they have a listener, as this one stays
 * @param call called once; never for a signal that is aborted already. It must not throw: those after it would not be called
 * @returns what takes it back; idempotent
 */
export function onAbort(signal: AbortSignal, call: () => void): () => void {
  const end = rings.get(signal) ?? newRing(signal);
  const waiting: Waiting = { call, previous: end.previous, next: end };
  end.previous.next = waiting;
  end.previous = waiting;
  return () => void leave(waiting);
}

/** Takes one out, and leaves no link behind. @returns what was to be called, the first time */
function leave(waiting: Waiting): (() => void) | undefined {
  const { call, previous, next } = waiting;
  previous.next = next;
  next.previous = previous;
  waiting.call = undefined;
  waiting.previous = waiting;
  waiting.next = waiting;
  return call;
}

function newRing(signal: AbortSignal): Waiting {
  const end = { call: undefined } as Partial<Waiting> as Waiting;
  end.previous = end;
  end.next = end;
  rings.set(signal, end);
  const callAll = () => {
    rings.delete(signal);
    while (end.next !== end) leave(end.next)?.();
  };
  signal.addEventListener('abort', callAll, { once: true });
  return end;
}
