import { createSocket, type RemoteInfo } from 'node:dgram';

const UNIX_EPOCH_SECONDS = 2_208_988_800;

export type NtpSays = {
  /** By how much its clock is ahead of this machine's. */
  aheadMillis?: number;
  leap?: number;
  mode?: number;
  stratum?: number;
  rootDelayMillis?: number;
  rootDispersionMillis?: number;
  code?: string;
  /** Changes the finished packet, or returns packets of its own. */
  bend?: (packet: Buffer, question: Buffer) => readonly Buffer[];
};

/** A real NTP server on loopback that says what the test wants; closed at the end of the test's scope. */
export async function ntpServer(says: NtpSays = {}) {
  const socket = createSocket('udp4');
  let asked = 0;
  socket.on('message', (question: Buffer, from: RemoteInfo) => {
    asked += 1;
    const packet = answerTo(question, says, Date.now() + (says.aheadMillis ?? 0));
    for (const one of says.bend?.(packet, question) ?? [packet]) socket.send(one, from.port, from.address);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.bind(0, '127.0.0.1', resolve);
  await promise;
  const server = { host: '127.0.0.1', port: socket.address().port };
  return { server, says, asked: () => asked, [Symbol.asyncDispose]: async () => void socket.close() };
}

export function answerTo(question: Buffer, says: NtpSays, unixMillis: number): Buffer {
  const packet = Buffer.alloc(48);
  packet[0] = ((says.leap ?? 0) << 6) | (4 << 3) | (says.mode ?? 4);
  packet[1] = says.stratum ?? 2;
  packet.writeUInt32BE(Math.round(((says.rootDelayMillis ?? 2) / 1_000) * 2 ** 16), 4);
  packet.writeUInt32BE(Math.round(((says.rootDispersionMillis ?? 1) / 1_000) * 2 ** 16), 8);
  packet.write(says.code ?? 'GPS\0', 12, 'latin1');
  question.copy(packet, 24, 40, 48);
  for (const at of [16, 32, 40]) stamp(packet, at, unixMillis);
  return packet;
}

export function stamp(packet: Buffer, at: number, unixMillis: number): void {
  const seconds = Math.floor(unixMillis / 1_000) + UNIX_EPOCH_SECONDS;
  packet.writeUInt32BE(seconds % 2 ** 32, at);
  packet.writeUInt32BE(Math.floor(((unixMillis / 1_000) % 1) * 2 ** 32), at + 4);
}
