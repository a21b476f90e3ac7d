import {
  createFrameReader,
  FRAMES_MAX,
  type FrameEvent,
  MESSAGE_BYTES_MAX,
  OPCODE,
} from '../../../node/probe/frames.ts';
import { concat } from '../../../protocol/bytes.ts';
import { mutateBytes } from '../mutate.ts';
import type { Random } from '../random.ts';
import { claim, type Target } from '../target.ts';
import { cut } from './pieces.ts';

/** An input begins with how the stream is cut into pieces. */
const PREFIX_BYTES = 1;

/** A frame as a server sends it: not masked. */
function frame(opcode: number, payload: Uint8Array, final = true): Uint8Array {
  const size = payload.length;
  const length =
    size < 126
      ? [size]
      : size < 65_536
        ? [126, size >> 8, size & 0xff]
        : [127, 0, 0, 0, 0, 0, size >> 16, (size >> 8) & 0xff, size & 0xff];
  return concat(Uint8Array.from([(final ? 0x80 : 0) | opcode, ...length]), payload);
}
const text = (value: string) => new TextEncoder().encode(value);

const streams = [
  frame(OPCODE.text, text('{"method":"eth_subscription"}')),
  concat(frame(OPCODE.ping, text('?')), frame(OPCODE.binary, new Uint8Array(200))),
  concat(
    frame(OPCODE.text, text('häl'), false),
    frame(OPCODE.ping, new Uint8Array(125)),
    frame(OPCODE.continuation, text('ft')),
    frame(OPCODE.close, Uint8Array.of(0x03, 0xe8)),
  ),
  concat(frame(OPCODE.pong, new Uint8Array()), frame(OPCODE.close, new Uint8Array())),
  concat(...Array.from({ length: FRAMES_MAX + 4 }, () => frame(OPCODE.ping, new Uint8Array()))),
  frame(OPCODE.binary, new Uint8Array(70_000)),
];
const tokens = [
  Uint8Array.of(0x80),
  Uint8Array.of(0x81, 126),
  Uint8Array.of(0x81, 127),
  Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
  Uint8Array.of(0x01, 0x01, 0xc3),
  Uint8Array.of(0x80, 0x01, 0xa4),
  Uint8Array.of(0x88, 0x01, 0x03),
];

function read(pieces: readonly Uint8Array[]): FrameEvent[] {
  const reader = createFrameReader();
  const events = pieces.flatMap((piece) => reader.push(Buffer.from(piece)));
  claim(events.length <= FRAMES_MAX + 1, 'more events than frames may be');
  for (const event of events) {
    if (event.kind === 'message') claim(event.payload.length <= MESSAGE_BYTES_MAX, 'a message beyond its bound');
  }
  const over = events.findIndex(({ kind }) => kind === 'fault' || kind === 'close');
  claim(over === -1 || over === events.length - 1, 'events after the end');
  return events;
}

function run(input: Uint8Array): boolean {
  const stream = input.subarray(PREFIX_BYTES);
  const whole = JSON.stringify(read([stream]));
  const inPieces = JSON.stringify(read(cut(stream, input[0] ?? 0)));
  claim(whole === inPieces, 'what is read depends on how the stream was cut');
  return whole.includes('"message"');
}

/** The frames of a WebSocket: however the network cut them, the same messages, and never more than their bounds. */
export const websocket: Target = {
  name: 'websocket',
  open: () => ({
    generate: (random: Random) => {
      const sent = random.pick(streams);
      const stream = random.oneIn(10) ? sent : mutateBytes(random, sent, { inputs: streams, tokens });
      return concat(random.bytes(PREFIX_BYTES), stream);
    },
    run,
  }),
};
