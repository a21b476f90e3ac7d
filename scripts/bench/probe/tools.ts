import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { MEASURING_NICENESS } from '../../../platform/priority.ts';

/** What a request truly took, by the server's own stamps. */
export type Truth = { readonly port: number; readonly id: number; readonly micros: number };

/** The programs that the prober is judged by and beside, all on loopback. */
export type Tools = {
  /** Ports of the target server; port i has the delays of shape i % 4. */
  readonly ports: readonly number[];
  /** What arrived since the last call, in the order of arrival. */
  truths(): Promise<Truth[]>;
  /** Port of a blackbox_exporter, and its process; undefined where there is none. */
  readonly exporter: { readonly port: number; readonly pid: number } | undefined;
  /** Runs the asker: one blackbox probe for each URL. */
  ask(urls: readonly string[], rate: number, clients: number): Promise<string[]>;
  stop(): void;
};

/** The server must not be late, or what it says it waited would be all that there is to measure. */
const TARGET_NICENESS = -15;

const MODULES = `modules:
  http_2xx:
    prober: http
    timeout: 5s
    http: {preferred_ip_protocol: ip4, ip_protocol_fallback: false}
`;

export function has(command: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Compiles the C programs and starts what there is. @throws Error when there is no C compiler */
export async function startTools(portCount: number): Promise<Tools> {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-bench-'));
  for (const name of ['target', 'asker']) {
    execFileSync('cc', ['-O2', '-o', join(folder, name), join(import.meta.dirname, `${name}.c`)]);
  }
  const target = spawn(join(folder, 'target'), [String(portCount)], { stdio: ['pipe', 'pipe', 'inherit'] });
  prefer(target.pid!, TARGET_NICENESS);
  const lines = createInterface({ input: target.stdout })[Symbol.asyncIterator]();
  const ports = String((await lines.next()).value)
    .split(' ')
    .slice(1)
    .map(Number);
  const exporter = has('prometheus-blackbox-exporter') ? await startExporter(folder) : undefined;

  return {
    ports,
    truths: async () => {
      target.stdin.write('dump\n');
      const truths: Truth[] = [];
      for (;;) {
        const { value } = await lines.next();
        if (value === 'end' || value === undefined) return truths;
        const [port, id, nanos] = String(value).split(' ').map(Number);
        truths.push({ port: port!, id: id!, micros: nanos! < 0 ? Number.NaN : nanos! / 1_000 });
      }
    },
    exporter: exporter && { port: exporter.port, pid: exporter.child.pid! },
    ask: async (urls, rate, clients) => {
      if (exporter === undefined) throw new Error('there is no exporter to ask');
      const args = [exporter.port, rate, clients].map(String);
      const asker = spawn(join(folder, 'asker'), args, { stdio: ['pipe', 'pipe', 'inherit'] });
      const answers: string[] = [];
      createInterface({ input: asker.stdout }).on('line', (line) => answers.push(line));
      asker.stdin.end(`${urls.map(encodeURIComponent).join('\n')}\n`);
      const [code] = await once(asker, 'close');
      if (code !== 0) throw new Error(`the asker ended with ${code}`);
      return answers;
    },
    stop: () => {
      target.kill();
      exporter?.child.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** All threads that there are; those to come inherit it. Where it is not permitted, both sides of the comparison go without. */
function prefer(pid: number, niceness: number): void {
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) setPriority(Number(thread), niceness);
  } catch {
    console.log(`(niceness ${niceness} is not permitted here)`);
  }
}

async function startExporter(folder: string): Promise<{ port: number; child: ChildProcess }> {
  const port = await freePort();
  const config = join(folder, 'blackbox.yml');
  writeFileSync(config, MODULES);
  const args = [`--config.file=${config}`, `--web.listen-address=127.0.0.1:${port}`, '--log.level=error'];
  const child = spawn('prometheus-blackbox-exporter', args, { stdio: 'ignore' });
  for (let tries = 0; tries < 100; tries++) {
    const up = await fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => new Promise<false>((resolve) => setTimeout(() => resolve(false), 100)),
    );
    if (!up) continue;
    // Neither side shall win by its priority.
    prefer(child.pid!, MEASURING_NICENESS);
    return { port, child };
  }
  throw new Error('blackbox_exporter did not come up');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}
