import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CONTROL_BYTES_MAX,
  createFrameReader,
  encodeFrame,
  FRAMES_MAX,
  type FrameEvent,
  MESSAGE_BYTES_MAX,
  OPCODE,
} from '../../../node/probe/frames.ts';
import { serverFrame } from './websocket-server.ts';

const text = (value: string) => ({ kind: 'message', payload: Buffer.from(value) });
const read = (...pieces: Buffer[]): FrameEvent[] => {
  const reader = createFrameReader();
  return pieces.flatMap((piece) => reader.push(piece));
};

describe('frames of a server', () => {
  it.each([0, 1, 125, 126, 65_535, 65_536, MESSAGE_BYTES_MAX])(
    'with %i bytes are read, however they are cut',
    (size) => {
      const payload = Buffer.alloc(size, 0x61);
      const bytes = serverFrame(OPCODE.binary, payload);
      for (const at of [0, 1, 2, 3, 9, bytes.length - 1]) {
        const [event, ...more] = read(bytes.subarray(0, at), bytes.subarray(at));
        expect(event?.kind === 'message' && event.payload.equals(payload)).toBe(true);
        expect(more).toEqual([]);
      }
    },
  );

  it('make one message out of pieces, with pings between them', () => {
    const pieces = [
      serverFrame(OPCODE.text, 'a\xe9'.slice(0, 1), false),
      serverFrame(OPCODE.ping, 'p'),
      serverFrame(OPCODE.continuation, Buffer.from([0xc3]), false),
      serverFrame(OPCODE.pong, ''),
      serverFrame(OPCODE.continuation, Buffer.from([0xa9])),
      serverFrame(OPCODE.text, 'next'),
    ];
    const expected = [{ kind: 'ping', payload: Buffer.from('p') }, text('aé'), text('next')];
    expect(read(...pieces)).toEqual(expected);
    expect(read(Buffer.concat(pieces))).toEqual(expected);
  });

  it('end with a close frame, whatever follows it', () => {
    const more = serverFrame(OPCODE.text, 'x');
    expect(read(Buffer.concat([serverFrame(OPCODE.close, Buffer.from([0x03, 0xf1])), more]), more)).toEqual([
      { kind: 'close', code: 1_009 },
    ]);
    expect(read(serverFrame(OPCODE.close, ''))).toEqual([{ kind: 'close', code: 1_005 }]);
  });

  const long = (opcode: number, lengths: number[]) => Buffer.from([0x80 | opcode, ...lengths]);
  it.each([
    ['a reserved bit', Buffer.from([0xc1, 0]), 'reserved bit'],
    ['a mask', encodeFrame(OPCODE.text, Buffer.from('x')), 'masked'],
    ['a reserved data opcode', Buffer.from([0x83, 0]), 'opcode 3'],
    ['a reserved control opcode', Buffer.from([0x8b, 0]), 'opcode 11'],
    ['a ping in pieces', Buffer.from([0x09, 0]), 'control frame'],
    ['a long ping', long(OPCODE.ping, [126, 0, CONTROL_BYTES_MAX + 1]), 'control frame'],
    ['half a close code', serverFrame(OPCODE.close, 'x'), 'half a code'],
    ['a length of two bytes that fits one', long(OPCODE.text, [126, 0, 125]), 'longer than it needs'],
    [
      'a length of eight bytes that fits two',
      long(OPCODE.text, [127, 0, 0, 0, 0, 0, 0, 0xff, 0xff]),
      'longer than it needs',
    ],
    ['a length beyond all bounds', long(OPCODE.text, [127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), 'exceeds'],
    ['a byte too many', long(OPCODE.text, [127, 0, 0, 0, 0, 0, 4, 0, 1]), 'exceeds'],
    ['a continuation of nothing', serverFrame(OPCODE.continuation, 'x'), 'at the wrong time'],
    ['a text that is no UTF-8', serverFrame(OPCODE.text, Buffer.from([0xff])), 'no UTF-8'],
  ])('are a fault with %s', (_name, bytes, detail) => {
    expect(read(bytes)).toEqual([{ kind: 'fault', detail: expect.stringContaining(detail) }]);
  });

  it('are a fault when a message begins within another, or its pieces exceed the bound', () => {
    const begin = serverFrame(OPCODE.text, 'x', false);
    expect(read(begin, serverFrame(OPCODE.text, 'y'))).toEqual([
      { kind: 'fault', detail: expect.stringContaining('wrong time') },
    ]);
    const half = serverFrame(OPCODE.binary, Buffer.alloc(MESSAGE_BYTES_MAX), false);
    expect(read(half, serverFrame(OPCODE.continuation, 'x'))).toEqual([
      { kind: 'fault', detail: expect.stringContaining('exceeds') },
    ]);
  });

  it('are a fault when there are too many', () => {
    const events = read(Buffer.concat(new Array<Buffer>(FRAMES_MAX + 1).fill(serverFrame(OPCODE.ping, ''))));
    expect(events.length).toBe(FRAMES_MAX + 1);
    expect(events.at(-1)).toMatchObject({ kind: 'fault' });
  });

  it('never throw, and mean the same however they are cut', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
      fc
        .tuple(fc.constantFrom(0, 1, 2, 8, 9, 10), fc.uint8Array({ maxLength: 200 }), fc.boolean())
        .map(([opcode, payload, final]) => serverFrame(opcode, Buffer.from(payload), final)),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.array(fc.nat(40), { maxLength: 40 }), (pieces, cuts) => {
        const bytes = Buffer.concat(pieces);
        const reader = createFrameReader();
        const events: FrameEvent[] = [];
        let at = 0;
        for (const size of cuts) {
          events.push(...reader.push(bytes.subarray(at, at + size)));
          at = Math.min(at + size, bytes.length);
        }
        events.push(...reader.push(bytes.subarray(at)));
        expect(events).toEqual(read(bytes));
      }),
    );
  });
});
