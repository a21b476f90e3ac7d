import { readFrame } from '../../../platform/network/frame.ts';
import { bigEndian, concat, equalBytes } from '../../../protocol/bytes.ts';
import { PlumblineError } from '../../../protocol/error.ts';
import { mutateBytes } from '../mutate.ts';
import { Random } from '../random.ts';
import { claim, type Target } from '../target.ts';

/** What the reader allows here. Bytes. */
const FRAME_BYTES_MAX = 1_024;
const HEADER_BYTES = 4;
/** An input begins with how the stream is cut into pieces, and how it ends. */
const PREFIX_BYTES = 2;
const ENDS = ['end', 'close', 'abort'] as const;

const frames = [0, 1, 4, 300, FRAME_BYTES_MAX, FRAME_BYTES_MAX + 1].map((length) =>
  concat(bigEndian(length, HEADER_BYTES), new Uint8Array(length).fill(length)),
);

/** Pieces of up to nine bytes, or up to half of the stream each. */
function cut(bytes: Uint8Array, how: number): Uint8Array[] {
  const random = new Random(how, 'cut', 0);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = random.below(how % 2 === 0 ? 10 : 1 + Math.ceil(bytes.length / 2));
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

/** What one frame's reader should make of the pieces: the body, or the code of its refusal. */
function expected(pieces: readonly Uint8Array[], atEnd: string): Uint8Array | string {
  let got: Uint8Array = new Uint8Array();
  for (const piece of pieces) {
    got = concat(got, piece);
    if (got.length < HEADER_BYTES) continue;
    const length = new DataView(got.buffer, got.byteOffset).getUint32(0);
    if (length > FRAME_BYTES_MAX) return 'frame-too-large';
    if (got.length > HEADER_BYTES + length) return 'frame-trailing';
    if (got.length === HEADER_BYTES + length) return got.subarray(HEADER_BYTES);
  }
  return atEnd;
}

type Listener = (event: unknown) => void;

/** A libp2p stream as far as a reader sees it. */
class FakeStream {
  readonly readableEnded = false;
  readonly status = 'open';
  readonly #listeners = new Map<string, Set<Listener>>();

  addEventListener(name: string, listener: Listener): void {
    const known = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, known.add(listener));
  }

  removeEventListener(name: string, listener: Listener): void {
    this.#listeners.get(name)?.delete(listener);
  }

  emit(name: string, event: unknown = {}): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) listener(event);
  }

  count(): number {
    return [...this.#listeners.values()].reduce((sum, { size }) => sum + size, 0);
  }
}

async function run(input: Uint8Array): Promise<boolean> {
  const [how = 0, ending = 0] = input;
  const end = ENDS[ending % ENDS.length]!;
  const pieces = cut(input.subarray(PREFIX_BYTES), how);
  const stream = new FakeStream();
  const abort = new AbortController();
  const reading = readFrame(stream as unknown as Parameters<typeof readFrame>[0], FRAME_BYTES_MAX, abort.signal).catch(
    (error: unknown) => {
      if (error instanceof PlumblineError) return error.code;
      throw error;
    },
  );
  for (const data of pieces) stream.emit('message', { data });
  if (end === 'abort') abort.abort(new PlumblineError('aborted', 'the reader gave up'));
  else stream.emit(end);
  const got = await reading;
  claim(stream.count() === 0, `${stream.count()} listeners stay on the stream`);
  const wanted = expected(pieces, end === 'abort' ? 'aborted' : 'frame-truncated');
  if (typeof got === 'string' || typeof wanted === 'string') {
    claim(got === wanted, `read ${describe(got)} where ${describe(wanted)} was due`);
    return false;
  }
  claim(equalBytes(got, wanted), 'read another body than was sent');
  return true;
}

const describe = (result: Uint8Array | string) => (typeof result === 'string' ? result : `${result.length} bytes`);

export const frame: Target = {
  name: 'frame',
  open: () => ({
    generate: (random) => {
      const sent = random.pick(frames);
      const stream = random.oneIn(4) ? sent : mutateBytes(random, sent, { inputs: frames });
      return concat(random.bytes(PREFIX_BYTES), stream);
    },
    run,
  }),
};
