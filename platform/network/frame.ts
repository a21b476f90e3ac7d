import type { Stream } from '@libp2p/interface';
import { bigEndian } from '../../protocol/bytes.ts';
import { PlumblineError } from '../../protocol/error.ts';

/** A frame is an unsigned 32-bit big-endian length and that many bytes; one goes each way on a stream. */
const HEADER_BYTES = 4;

type StreamEvents = Pick<Stream, 'addEventListener' | 'removeEventListener' | 'readableEnded' | 'status'>;

/**
 * Reads one frame. Nothing is kept beyond what the header allows, and the header is checked before anything is kept.
 * The caller closes or aborts the stream afterwards.
 * @throws PlumblineError `frame-too-large`, `frame-trailing`, `frame-truncated`; whatever the signal's reason is
 */
export function readFrame(stream: StreamEvents, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const received = { header: new Uint8Array(HEADER_BYTES), headerBytes: 0, bodyBytes: 0 };
    let body: Uint8Array | undefined;

    const finish = (settle: () => void): void => {
      stream.removeEventListener('message', onMessage);
      stream.removeEventListener('end', onEnd);
      stream.removeEventListener('close', onEnd);
      signal.removeEventListener('abort', onAbort);
      settle();
    };
    const fail = (code: string, message: string): void => finish(() => reject(new PlumblineError(code, message)));
    const onAbort = (): void => finish(() => reject(signal.reason));
    const onEnd = (): void => {
      const wanted = body ? `${body.length}` : 'a header and more';
      fail(
        'frame-truncated',
        `the peer closed after ${received.headerBytes + received.bodyBytes} bytes, ${wanted} were due`,
      );
    };
    const onMessage = (event: { data: { subarray(): Uint8Array } }): void => {
      let chunk = event.data.subarray();
      if (!body) {
        const taken = chunk.subarray(0, HEADER_BYTES - received.headerBytes);
        received.header.set(taken, received.headerBytes);
        received.headerBytes += taken.length;
        chunk = chunk.subarray(taken.length);
        if (received.headerBytes < HEADER_BYTES) return;
        const length = new DataView(received.header.buffer).getUint32(0);
        if (length > maxBytes) {
          fail('frame-too-large', `the peer announced ${length} bytes, at most ${maxBytes} are allowed`);
          return;
        }
        body = new Uint8Array(length);
      }
      if (chunk.length > body.length - received.bodyBytes) {
        fail('frame-trailing', `the peer sent more than the ${body.length} bytes that it announced`);
        return;
      }
      body.set(chunk, received.bodyBytes);
      received.bodyBytes += chunk.length;
      const whole = body;
      if (received.bodyBytes === whole.length) finish(() => resolve(whole));
    };

    if (signal.aborted) return onAbort();
    stream.addEventListener('end', onEnd);
    stream.addEventListener('close', onEnd);
    signal.addEventListener('abort', onAbort);
    stream.addEventListener('message', onMessage);
    // Both events may have passed before anybody listened; unread bytes defer the first, so they are not lost here.
    if (stream.readableEnded || !['open', 'closing'].includes(stream.status)) onEnd();
  });
}

/** Sends one frame and closes our side; resolves when the bytes have left for the transport. */
export async function writeFrame(stream: Stream, body: Uint8Array, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  stream.send(bigEndian(body.length, HEADER_BYTES));
  if (body.length > 0) stream.send(body);
  await stream.close({ signal });
}
