import { createServer } from 'node:http';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { PROBE_EXIT, type ProbeIo, probeCommand } from '../../cli/probe.ts';
import { ratioPpm } from '../../protocol/bounds.ts';
import { dnsServer, record, reply } from '../node/probe/dns-server.ts';
import { rawServer, serve } from '../node/probe/raw-server.ts';
import { websocketServer } from '../node/probe/websocket-server.ts';
import { plumbline } from '../support/plumbline.ts';

/** Runs the command as typed, with everything that it writes. */
async function probe(...args: string[]) {
  return probeWith({}, ...args);
}

async function probeWith(more: Partial<ProbeIo>, ...args: string[]) {
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
    onInterrupt: () => () => undefined,
    columns: 80,
    colour: false,
    ...more,
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
    const { out, code } = await probe(server.url, '--allow-loopback', '--timeout', '500');
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
    const { lines } = await probe(server.url, '--allow-loopback', '--repeat', '3', '--interval', '0');
    expect(lines[0]).toMatch(/^ +# +code +total +resolve +connect +tls +first byte +transfer$/);
    for (const line of lines.slice(1, 4)) expect(line).toMatch(/^ +[123] +200 /);
    expect(lines.slice(1, 4).map((line) => line.trim().split(/ {2,}/).at(-1))).toEqual(['good', 'good', 'good']);
    expect(lines).toContain('outcomes      3 good, 0 bad, 0 unknown, 0 watcherFault');
    expect(lines.find((line) => line.startsWith('latency p50'))).toBe(
      'latency p50   insufficient  needs 5 probes, has 3',
    );
  });

  it('says in each row of a probe that is not good what came and what was wrong', async () => {
    await using server = await web(503);
    const args = [server.url, '--allow-loopback', '--repeat', '2', '--interval', '0'];
    const { lines } = await probe(...args);
    expect(lines[1]).toMatch(/^ +1 +503 .* bad$/);
    expect(lines[2]).toBe('     wrongStatus (expected below 400)');
    const wide = await probeWith({ columns: 120 }, ...args);
    expect(wide.lines[1]).toMatch(/^ +1 +503 .* bad: wrongStatus \(expected below 400\)$/);
    await using silent = await rawServer((socket) => socket.end('HTTP/1.1 200 OK\r\nX: y'));
    const cut = await probe(silent.url, ...args.slice(1));
    expect(cut.lines[2]).toBe('     closedEarly (closed while reading the header)');
  });

  it('stays within a narrow terminal', async () => {
    let asked = 0;
    const headers = { location: `https://example.org/${'a'.repeat(99)}` };
    const mixed = createServer((_request, response) => response.writeHead(++asked % 2 ? 302 : 500, headers).end());
    await using server = await serve(mixed);
    for (const repeat of ['1', '2', '6']) {
      const { lines } = await probeWith({ columns: 60 }, server.url, '--allow-loopback', '--repeat', repeat);
      for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(60);
    }
  });

  it('says where a redirect leads, made harmless and as short as the terminal, and lets nothing of it into the result', async () => {
    let asked = 0;
    await using server = await rawServer((socket) => {
      asked += 1;
      socket.end(`HTTP/1.1 302 Found\r\nLocation: /${'a'.repeat(100)}\r\nContent-Length: 0\r\n\r\n`);
    });
    const { code, lines } = await probe(server.url, '--allow-loopback');
    expect([code, asked]).toEqual([PROBE_EXIT.good, 1]);
    const place = `  ${server.url}${'a'.repeat(100)}`;
    expect(lines.slice(-2)).toEqual(['redirects are not followed; it leads to', `${place.slice(0, 79)}…`]);
    const repeated = await probe(server.url, '--allow-loopback', '--repeat', '3', '--interval', '0');
    expect([repeated.lines.at(-1), asked]).toEqual([lines.at(-1), 4]);
    const json = await probe(server.url, '--allow-loopback', '--json');
    expect(json.out.includes('aaaa')).toBe(false);

    await using hostile = await rawServer((socket) =>
      socket.end('HTTP/1.1 301 Moved\r\nLocation: http://[\x9b31m\xff\r\n\r\n', 'latin1'),
    );
    const websocket = await probe(`ws://127.0.0.1:${hostile.port}/`, '--allow-loopback');
    expect(websocket.lines.at(-1)).toBe('  http://[ÿ');
  });

  it('says no more than that of a redirect that names no place, and nothing of what is none', async () => {
    await using server = await rawServer((socket) => socket.end('HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n'));
    expect((await probe(server.url, '--allow-loopback')).lines.at(-1)).toBe('redirects are not followed');
    for (const status of ['304 Not Modified', '299 Odd', '400 Bad Request']) {
      const answer = `HTTP/1.1 ${status}\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n`;
      await using other = await rawServer((socket) => socket.end(answer));
      expect((await probe(other.url, '--allow-loopback')).lines).not.toContain(
        'redirects are not followed; it leads to',
      );
    }
  });

  it('has bounds by the estimators of the leaves as soon as there are enough', async () => {
    let asked = 0;
    const failsOnce = createServer((_request, response) => response.writeHead(++asked === 7 ? 500 : 200).end('x'));
    await using server = await serve(failsOnce);
    const args = [server.url, '--allow-loopback', '--repeat', '30', '--interval', '0'];
    const { lines } = await probe(...args, '--json');
    expect(lines.length).toBe(1);
    const { probes, summary } = JSON.parse(lines[0]!);
    expect(probes.length).toBe(30);
    expect(summary.outcomes).toEqual({ good: 29, bad: 1, unknown: 0, watcherFault: 0 });
    expect(summary.reasons).toEqual({ ok: 29, wrongStatus: 1 });
    const { value, lower, upper } = ratioPpm(29, 30, 1);
    expect(summary.availabilityPpm).toEqual({ value, lower, upper });
    const { p50, p90, p95, p99 } = summary.latencyMicros;
    expect(p50.lower).toBeLessThanOrEqual(p50.value);
    // The largest of thirty bounds their p90, and that is the bad one.
    expect(p90.upper).toBe('infinite');
    expect([p95, p99]).toEqual(['insufficient', 'insufficient']);
    expect(Object.keys(summary.medianMicros)).toEqual(['resolve', 'connect', 'tls', 'firstByte', 'transfer']);
    expect(summary.medianMicros.tls).toBeNull();
  });

  it('ends with what it has when it is interrupted, and drops the probe that was cut off', async () => {
    let interrupt = () => {};
    let asked = 0;
    await using server = await rawServer((socket) => {
      asked += 1;
      if (asked === 3) interrupt();
      else socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
    const onInterrupt = (fn: () => void) => {
      interrupt = fn;
      return () => undefined;
    };
    const args = [server.url, '--allow-loopback', '--repeat', '100', '--interval', '0'];
    const { lines, code, errors } = await probeWith({ onInterrupt }, ...args);
    expect([code, errors]).toEqual([PROBE_EXIT.good, 'interrupted: 2 of 100 probes had ended']);
    expect(lines).toContain('outcomes      2 good, 0 bad, 0 unknown, 0 watcherFault');
  });

  it('says that it was interrupted when there is nothing else to say', async () => {
    await using server = await rawServer(() => undefined);
    for (const [repeat, said] of [
      ['1', 'interrupted: the probe had not ended, so there is no result'],
      ['2', 'interrupted: no probe had ended, so there is nothing to sum up'],
    ] as const) {
      const onInterrupt = (fn: () => void) => {
        setImmediate(fn);
        return () => undefined;
      };
      const { lines, code, errors } = await probeWith(
        { onInterrupt },
        server.url,
        '--allow-loopback',
        '--repeat',
        repeat,
      );
      expect([code, errors]).toEqual([PROBE_EXIT.unclear, said]);
      expect(lines.length).toBe(Number(repeat) - 1);
    }
  });

  it('ends so by Ctrl-C as well', async () => {
    let interrupt = () => {};
    await using server = await rawServer(() => interrupt());
    const { child, ended } = plumbline('probe', server.url, '--allow-loopback', '--timeout', '30000');
    interrupt = () => child.kill('SIGINT');
    const said = 'interrupted: the probe had not ended, so there is no result\n';
    expect(await ended).toEqual({ code: PROBE_EXIT.unclear, stdout: '', stderr: said });
  });

  it('does not wait for its next turn when it is interrupted', async () => {
    await using server = await web(200);
    const rows: string[] = [];
    let interrupt = () => {};
    const io = {
      out: (line: string) => {
        rows.push(line);
        if (rows.length === 2) setImmediate(() => interrupt());
      },
      onInterrupt: (fn: () => void) => {
        interrupt = fn;
        return () => undefined;
      },
    };
    await probeWith(io, server.url, '--allow-loopback', '--repeat', '2', '--interval', '60000');
    expect(rows).toContain('outcomes      1 good, 0 bad, 0 unknown, 0 watcherFault');
  });

  it('compares an answer with its digest, and shows the digest to register', async () => {
    await using server = await web(200);
    const digest = `0x${Buffer.from(keccak_256(Buffer.from('hello'))).toString('hex')}`;
    const shown = await probe(server.url, '--allow-loopback', '--digest', 'show');
    expect(shown.code).toBe(PROBE_EXIT.good);
    expect(shown.lines.at(-1)).toBe(`digest  ${digest}`);
    expect((await probe(server.url, '--allow-loopback', '--digest', digest)).code).toBe(PROBE_EXIT.good);
    const wrong = await probe(server.url, '--allow-loopback', '--digest', `0x${'11'.repeat(32)}`);
    expect(wrong.out).toContain('bad: wrongBody.');
  });

  it('asks for a JSON value, a message and a name', async () => {
    await using json = await serve(createServer((_request, response) => response.end('{"result":{"n":[7]}}')));
    const asked = ['--request', '{}', '--path', '$.result.n[0]', '--allow-loopback', '--digest', 'show'];
    const value = await probe(json.url, ...asked);
    expect(value.lines.at(-1)).toBe(`digest  0x${Buffer.from(keccak_256(Buffer.from('7'))).toString('hex')}`);

    const hello = Buffer.concat([Buffer.from([0x81, 5]), Buffer.from('hello')]);
    await using feed = await websocketServer((socket) => socket.write(hello));
    const message = await probe(`ws://127.0.0.1:${feed.port}/`, '--allow-loopback', '--message', '');
    expect(message.out).toContain('(a message of 5 bytes)');

    const answers = [record(1, [192, 0, 2, 1])];
    await using names = await dnsServer({ udp: (query) => [reply(query, { answers })] });
    const name = await probe(`dns://127.0.0.1:${names.port}/a.example`, '--allow-loopback');
    expect(name.code).toBe(PROBE_EXIT.good);
    expect(name.out).toContain('(1 record)');
  });

  it('paints only when it is told to, and shows nothing that a server smuggles in', async () => {
    await using server = await rawServer((socket) =>
      socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: \x1b[31mred\r\n\r\n'),
    );
    const plain = await probe(server.url, '--allow-loopback');
    expect(plain.out).not.toContain('\x1b');
    await using good = await web(200);
    const painted = await probeWith({ colour: true }, good.url, '--allow-loopback');
    expect(painted.out).toContain('\x1b[');
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
    [['http://example.org/', '--repeat', '1e3'], /whole number from 1 to 3000/],
    [['http://example.org/', '--nonsense'], /unknown option/],
    [['http://example.org/', '--digest', '0x12'], /64 hex digits, or show/],
    [['http://example.org/', '--extra', '12'], /pairs of hex digits/],
    [['http://example.org/', '--method', 'POST'], /GET or HEAD/],
    [['http://example.org/', '--path', '$.a'], /needs a --request/],
    [['http://example.org/', '--request', '{'], /no JSON/],
    [['http://example.org/', '--request', '{}', '--path', 'a'], /like \$\.result/],
    [['http://example.org/', '--message', 'x'], /--message is not for http: only ws takes it; leave it out/],
    [['http://example.org/', '--kind', 'http', '--request', '{}'], /--request is not for http: only json-rpc takes it/],
    [['http://example.org/', '--request', '{}', '--method', 'GET'], /--method is not for json-rpc: only http takes it/],
    [['wss://example.org/', '--kind', 'http'], /--kind is not for ws: http and json-rpc take it/],
    [['wss://example.org/', '--status', '101'], /--status is not for ws: http, tls and dns take it/],
    [['tcp://example.org:8080', '--digest', 'show'], /--digest is not for tcp: http, json-rpc, ws and dns take it/],
    [['tcp://example.org:8080', '--method', 'GET'], /--method is not for tcp/],
    [['tls://example.org:443', '--extra', '0x'], /--extra is not for tls: http, json-rpc and ws take it/],
    [['dns://ns1.example.org/a.example', '--keep-alive'], /--keep-alive is not for dns: only http takes it/],
    [['http://example.org/', '--skip', '0'], /--skip is not for http/],
    [['wss://example.org/', '--skip', '1'], /--skip passes messages over: add --message/],
    [['wss://example.org/', '--message', '', '--extra', '0x'], /--extra says already what --message would/],
    [['wss://example.org/', '--digest', 'show'], /--digest is of a message: add --message/],
    [['http://example.org/', '--kind', 'json-rpc', '--digest', 'show'], /--digest is of a JSON value: add --request/],
    [['dns://ns1.example.org/'], /the path is no name/],
    [['dns://ns1.example.org/a.example?type=ANY'], /type is one of A/],
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
