import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer, type Server, type Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { CONTRACTS } from './mutation.ts';

const requireFromHere = createRequire(import.meta.url);
/** An input names sources and settings: all of ours are below a megabyte. */
const INPUT_BYTES_MAX = 64 * 1024 * 1024;

type Soljson = { cwrap(name: string, result: string, args: string[]): () => string };
type Solc = {
  compileStandardJson(soljson: Soljson, input: string, readSource: (name: string) => string): string;
  version(soljson: Soljson): string;
};

/**
 * solc that stays: of the seconds that a small compilation takes, most go into loading and warming up eight megabytes of
 * WebAssembly. It listens on a socket in `folder`, and compiles in this process while forge waits.
 */
export async function startCompiler(folder: string): Promise<Server> {
  const solc = requireFromHere(join(CONTRACTS, 'solc.cjs')) as Solc;
  const soljson = requireFromHere('solc/soljson.js') as Soljson;
  const basePath = join(folder, 'contracts');
  const readSource = (name: string) => readFileSync(resolve(basePath, name), 'utf8');
  writeFileSync(
    join(folder, 'solc-version'),
    `solc, the solidity compiler commandline interface\nVersion: ${solc.version(soljson)}\n`,
  );
  const answer = (socket: Socket) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > INPUT_BYTES_MAX) socket.destroy();
      else chunks.push(chunk);
    });
    socket.on('end', () => {
      socket.end(solc.compileStandardJson(soljson, Buffer.concat(chunks).toString('utf8'), readSource));
    });
    // forge was ended: nobody waits for the answer.
    socket.on('error', () => socket.destroy());
  };
  const server = createServer({ allowHalfOpen: true }, answer);
  await new Promise<void>((done, refuse) => {
    server.once('error', refuse).listen(join(folder, 'solc.sock'), done);
  });
  return server;
}
