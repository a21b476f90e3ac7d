import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { serve } from './raw-server.ts';

/** A frame as a server sends it: not masked. */
export function serverFrame(opcode: number, payload: Buffer | string, final = true): Buffer {
  const bytes = Buffer.from(payload);
  const size = bytes.length;
  const length =
    size < 126 ? [size] : size < 65_536 ? [126, size >> 8, size & 255] : [127, 0, 0, 0, 0, ...fourBytes(size)];
  return Buffer.concat([Buffer.from([(final ? 0x80 : 0) | opcode, ...length]), bytes]);
}

/** What a client's frame says; it must be whole and masked. */
export function unmasked(frame: Buffer): { opcode: number; payload: Buffer } {
  const short = frame[1]! & 0x7f;
  if ((frame[1]! & 0x80) === 0 || short > 126) throw new Error('a client sent what no client may');
  const at = short === 126 ? 4 : 2;
  const size = short === 126 ? frame.readUInt16BE(2) : short;
  const mask = frame.subarray(at, at + 4);
  const payload = Buffer.from(frame.subarray(at + 4, at + 4 + size).map((byte, i) => byte ^ mask[i % 4]!));
  return { opcode: frame[0]! & 0x0f, payload };
}

/** A websocket server that shakes hands as RFC 6455 says, and then does what the test wants; frames of clients arrive whole here. */
export function websocketServer(
  onOpen: (socket: Socket) => void,
  onFrame: (frame: Buffer, socket: Socket) => void = () => {},
  address?: string,
) {
  const server = createServer().on('upgrade', (request, stream) => {
    const socket = stream as Socket;
    const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash('sha1').update(key).digest('base64');
    socket.on('data', (bytes: Buffer) => onFrame(bytes, socket));
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    onOpen(socket);
  });
  return serve(server, address);
}

function fourBytes(value: number): number[] {
  return [value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255];
}
