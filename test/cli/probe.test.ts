import { createServer } from 'node:http';
import { CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { PROBE_EXIT, probeCommand } from '../../cli/probe.ts';
import { rawServer, serve } from '../node/probe/raw-server.ts';

/** Runs the command as typed, with everything that it writes. */
async function probe(...args: string[]) {
  const out: string[] = [];
  const errors: string[] = [];
  let code = -1;
  const command = probeCommand({
    out: (line) => out.push(line),
    error: (line) => errors.push(line),
    exit: (next) => {
      code = next;
    },
    abandon: (error) => {
      throw error;
    },
    columns: 80,
  });
  await command.parseAsync(args, { from: 'user' }).catch((error: unknown) => {
    if (!(error instanceof CommanderError)) throw error;
  });
  return { out: out.join('\n'), lines: out, errors: errors.join('\n'), code };
}

const web = (status: number) => serve(createServer((_request, response) => response.writeHead(status).end('hello')));

describe('plumbline probe', () => {
  it('shows the phases and the outcome of a good probe', async () => {
    await using server = await web(200);
    const { out, code } = await probe(server.url, '--allow-loopback');
    expect(code).toBe(PROBE_EXIT.good);
    expect(out).toContain(`${server.url}  127.0.0.1  status 200`);
    for (const phase of ['resolve', 'connect', 'tls', 'first byte', 'transfer']) expect(out).toContain(`\n${phase} `);
    expect(out).toMatch(/good: ok\. A complete answer/);
  });

  it('exits 1 with the reason of a bad probe', async () => {
    await using server = await web(503);
    const { out, code } = await probe(server.url, '--allow-loopback');
    expect(code).toBe(PROBE_EXIT.bad);
    expect(out).toContain('bad: wrongStatus.');
  });

  it('compares with the status that was asked for', async () => {
    await using server = await web(404);
    expect((await probe(server.url, '--allow-loopback', '--status', '404')).code).toBe(PROBE_EXIT.good);
    expect((await probe(server.url, '--allow-loopback', '--status', '200')).code).toBe(PROBE_EXIT.bad);
  });

  it('goes by the scheme: a port that listens, and a path that does not upgrade', async () => {
    await using server = await web(200);
    const tcp = await probe(`tcp://127.0.0.1:${server.port}`, '--allow-loopback');
    expect(tcp.code).toBe(PROBE_EXIT.good);
    const websocket = await probe(`ws://127.0.0.1:${server.port}/`, '--allow-loopback');
    expect(websocket.code).toBe(PROBE_EXIT.bad);
    expect(websocket.out).toContain('bad: wrongStatus.');
    expect((await probe('tcp://127.0.0.1', '--allow-loopback')).errors).toContain('names no port');
  });

  it('times out when told to', async () => {
    await using server = await rawServer(() => undefined);
    const { out, code } = await probe(server.url, '--allow-loopback', '--timeout', '20');
    expect(code).toBe(PROBE_EXIT.bad);
    expect(out).toContain('bad: timeout.');
  });

  it('ends with one line of JSON when asked', async () => {
    await using server = await web(200);
    const { lines } = await probe(server.url, '--allow-loopback', '--json', '--repeat', '2');
    const json = JSON.parse(lines.at(-1) ?? '');
    expect(json).toMatchObject({ url: server.url, probes: [{ outcome: 'good' }, { reason: 'ok', statusCode: 200 }] });
    const { connect, tls, firstByte, transfer, total } = json.probes[0].micros;
    expect(tls).toBeNull();
    expect(connect + firstByte + transfer).toBe(total);
  });

  it('repeats, one line each, and sums up', async () => {
    await using server = await web(200);
    const { lines } = await probe(server.url, '--allow-loopback', '--repeat', '3');
    expect(lines.length).toBe(4);
    expect(lines[3]).toMatch(/^3 good, 0 bad, 0 unknown, 0 watcherFault; median of the good ones /);
  });

  it('exits 3 when nobody can say', async () => {
    const { out, code } = await probe('http://localhost:8080/');
    expect(code).toBe(PROBE_EXIT.unclear);
    expect(out).toContain('unknown: egressRefused.');
    expect(out).toContain('--allow-loopback');
  });

  it.each([
    [['http://127.0.0.1:9000/'], /loopback.*\n.*--allow-loopback/],
    [['http://10.0.0.1/', '--allow-loopback'], /private/],
    [['nonsense'], /cannot be parsed; write it like https:/],
    [['ftp://example.org/'], /neither http nor https/],
    [['http://user:pass@example.org/'], /user or password/],
    [[], /missing required argument 'url'/],
    [['http://example.org/', '--timeout', '0'], /whole number from 10 to 30000/],
    [['http://example.org/', '--status', '2xx'], /whole number from 0 to 599/],
    [['http://example.org/', '--repeat', '1e3'], /whole number from 1 to 1000/],
    [['http://example.org/', '--nonsense'], /unknown option/],
  ])('exits 2 and says what is wrong with %j', async (args, message) => {
    const { errors, code } = await probe(...args);
    expect(code).toBe(PROBE_EXIT.usage);
    expect(errors).toMatch(message);
  });

  it('explains itself', async () => {
    const { out, code } = await probe('--help');
    expect(code).toBe(PROBE_EXIT.good);
    expect(out).toContain('Exit code: 0 good, 1 bad, 2 usage, 3 unknown');
  });
});
