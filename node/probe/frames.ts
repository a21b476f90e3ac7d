import { randomBytes } from 'node:crypto';

/**
 * The frames of RFC 6455 as a client reads and writes them, to the end of one message. Strict: what a server must not
 * send is a fault, and everything kept has a bound.
 */
export interface FrameReader {
  /** Takes the next bytes and gives what has become known; after a fault or a close it gives nothing more. */
  push(bytes: Buffer): FrameEvent[];
}

export type FrameEvent =
  | { kind: 'message'; payload: Buffer }
  | { kind: 'ping'; payload: Buffer }
  | { kind: 'close'; code: number }
  | { kind: 'fault'; detail: string };

type Frame = { final: boolean; opcode: number; payload: Buffer };

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** A message as a subscription sends it; blocks with all their transactions are not what a probe waits for. */
export const MESSAGE_BYTES_MAX = 256 << 10;
/** Frames of one probe, pings included: none needs more, and each costs the event loop a turn. */
export const FRAMES_MAX = 256;
/** RFC 6455 section 5.5. */
export const CONTROL_BYTES_MAX = 125;

/** No status code in the close frame (RFC 6455 section 7.1.5). */
const CLOSE_WITHOUT_CODE = 1_005;
const CLOSE_NORMALLY = 1_000;
const MASK_BYTES = 4;
const STORE_BYTES_START = 1_024;

export function createFrameReader(): FrameReader {
  let store: Buffer = Buffer.alloc(0);
  /** What has arrived and was not taken; a part of `store`. */
  let pending: Buffer = store;
  let frames = 0;
  let isOver = false;
  let opcode: number | undefined;
  let parts: Buffer[] = [];
  let messageBytes = 0;

  /** Behind what is there, in room that doubles: a message that drips in is not copied again with every byte. */
  const append = (bytes: Buffer) => {
    const size = pending.length + bytes.length;
    const start = pending.length === 0 ? 0 : pending.byteOffset - store.byteOffset;
    if (start + size > store.length) {
      const next = Buffer.alloc(Math.max(2 * size, STORE_BYTES_START));
      pending.copy(next);
      store = next;
      pending = store.subarray(0, size);
    } else pending = store.subarray(start, start + size);
    bytes.copy(pending, size - bytes.length);
  };

  const fault = (detail: string): FrameEvent => ({ kind: 'fault', detail });

  /** A frame that is whole; undefined while it is not, a text when it never will be. */
  const takeFrame = (): Frame | string | undefined => {
    if (pending.length < 2) return undefined;
    const [first, second] = [pending[0]!, pending[1]!];
    if ((first & 0x70) !== 0) return 'a frame has a reserved bit set';
    if ((second & 0x80) !== 0) return 'a frame is masked, which only those of a client are';
    const code = first & 0x0f;
    const final = (first & 0x80) !== 0;
    const isControl = code >= OPCODE.close;
    if (code > OPCODE.pong || (code > OPCODE.binary && !isControl)) return `opcode ${code} is reserved`;
    if (isControl && (!final || (second & 0x7f) > CONTROL_BYTES_MAX)) return 'a control frame is long or in pieces';
    const lengthBytes = (second & 0x7f) === 126 ? 2 : (second & 0x7f) === 127 ? 8 : 0;
    if (pending.length < 2 + lengthBytes) return undefined;
    const length =
      lengthBytes === 0
        ? second & 0x7f
        : lengthBytes === 2
          ? pending.readUInt16BE(2)
          : Number(pending.readBigUInt64BE(2));
    if (length < (lengthBytes === 2 ? 126 : lengthBytes === 8 ? 65_536 : 0))
      return 'a length is longer than it needs to be';
    if (!isControl && messageBytes + length > MESSAGE_BYTES_MAX)
      return `the message exceeds ${MESSAGE_BYTES_MAX} bytes`;
    const end = 2 + lengthBytes + length;
    if (pending.length < end) return undefined;
    const payload = Buffer.from(pending.subarray(2 + lengthBytes, end));
    pending = pending.subarray(end);
    if (++frames > FRAMES_MAX) return `more than ${FRAMES_MAX} frames`;
    return { final, opcode: code, payload };
  };

  const onFrame = (frame: Frame) => (frame.opcode >= OPCODE.close ? onControl(frame) : onData(frame));

  const onControl = ({ opcode: code, payload }: Frame): FrameEvent | undefined => {
    if (code === OPCODE.ping) return { kind: 'ping', payload };
    if (code === OPCODE.pong) return undefined;
    if (payload.length === 1) return fault('a close frame has half a code');
    return { kind: 'close', code: payload.length === 0 ? CLOSE_WITHOUT_CODE : payload.readUInt16BE(0) };
  };

  const onData = ({ opcode: code, final, payload }: Frame): FrameEvent | undefined => {
    if ((code === OPCODE.continuation) !== (opcode !== undefined))
      return fault('a message begins or goes on at the wrong time');
    opcode ??= code;
    parts.push(payload);
    messageBytes += payload.length;
    if (!final) return undefined;
    const whole = Buffer.concat(parts);
    const isText = opcode === OPCODE.text;
    opcode = undefined;
    parts = [];
    messageBytes = 0;
    return isText && !isUtf8(whole) ? fault('a text is no UTF-8') : { kind: 'message', payload: whole };
  };

  return {
    push: (bytes) => {
      const events: FrameEvent[] = [];
      append(bytes);
      while (!isOver) {
        const frame = takeFrame();
        if (frame === undefined) break;
        const event = typeof frame === 'string' ? fault(frame) : onFrame(frame);
        if (event !== undefined) events.push(event);
        isOver = event?.kind === 'fault' || event?.kind === 'close';
      }
      return events;
    },
  };
}

/** One whole frame, masked as those of a client must be, with a fresh key (RFC 6455 section 5.3). */
export function encodeFrame(opcode: number, payload: Uint8Array): Buffer {
  const size = payload.length;
  const length = size < 126 ? [size] : size < 65_536 ? [126, size >> 8, size & 0xff] : [127, ...bigEndian64(size)];
  const mask = randomBytes(MASK_BYTES);
  const masked = payload.map((byte, i) => byte ^ mask[i % MASK_BYTES]!);
  return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | length[0]!, ...length.slice(1)]), mask, masked]);
}

/** Says good-bye, so that a provider's log shows no broken connection. */
export function closeFrame(): Buffer {
  return encodeFrame(OPCODE.close, Uint8Array.of(CLOSE_NORMALLY >> 8, CLOSE_NORMALLY & 0xff));
}

function bigEndian64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

function isUtf8(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
