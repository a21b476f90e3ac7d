import { createSocket } from 'node:dgram';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { describe, expect, it } from 'vitest';
import { DNS_RESEND_MILLIS, DNS_SENDS_MAX, dnsProbe, questionOf } from '../../../node/probe/dns.ts';
import { DNS_TYPES, POINTERS_MAX } from '../../../node/probe/dnsmessage.ts';
import { judge } from '../../../node/probe/judge.ts';
import type { ServiceTarget } from '../../../node/probe/target.ts';
import { REASON, type Reason } from '../../../protocol/reason.ts';
import { ABSENT_MICROS, OUTCOME } from '../../../protocol/sample.ts';
import { SERVICE_KIND } from '../../../protocol/service.ts';
import { dnsServer, framed, record, reply, wireName } from './dns-server.ts';
import { manualClock } from './manual-clock.ts';
import { toolsFor } from './raw-server.ts';
import { targetAt } from './target-fixture.ts';

const A = DNS_TYPES.A!;
const good = { outcome: OUTCOME.good, reason: REASON.ok };
const bad = (reason: Reason) => ({ outcome: OUTCOME.bad, reason });

/** A real question to a real server, with its judgement. The time-out is far beyond what any test takes. */
async function probe(
  port: number,
  path = 'service.example?type=A',
  more: Partial<ServiceTarget> = {},
  { host = '127.0.0.1', tools = toolsFor(), signal = new AbortController().signal } = {},
) {
  const url = `dns://${host}:${port}/${path}`;
  const target = targetAt(url, { kind: SERVICE_KIND.dns, timeoutMillis: 20_000, expectedStatus: 0, ...more });
  const result = await dnsProbe(tools, target, signal);
  return { ...result, judged: judge(result, target) };
}

/** keccak256 of the records' canonical form, written out by hand: owner, type, class IN, length, data. */
const digestOf = (...records: [name: string, type: number, data: Buffer][]) =>
  keccak_256(
    Buffer.concat(
      records
        .map(([name, type, data]) =>
          Buffer.concat([wireName(name), Buffer.from([0, type, 0, 1, data.length >> 8, data.length & 0xff]), data]),
        )
        .sort(Buffer.compare),
    ),
  );

describe('a dns probe', () => {
  it('is good with an answer; the whole latency is the time to it', async () => {
    await using server = await dnsServer({ udp: (query) => [reply(query, { answers: [record(A, [192, 0, 2, 1])] })] });
    const result = await probe(server.port);
    expect(result.judged).toEqual(good);
    expect(result).toMatchObject({ statusCode: 0, connectMicros: ABSENT_MICROS, transferMicros: 0 });
    expect(result.totalMicros).toBe(result.firstByteMicros);
    expect(result.bodyDigest.every((byte) => byte === 0)).toBe(true);
    expect(server.udp.length).toBe(1);
    const [query] = server.udp;
    expect(query!.subarray(2).toString('hex')).toBe(
      `0000${'00010000'}${'00000000'}${wireName('service.example').toString('hex')}00010001`,
    );
    await probe(server.port, 'service.example?type=TXT;rd=1');
    expect(server.udp[1]!.readUInt16BE(2)).toBe(0x0100);
    expect(server.udp[1]!.subarray(-4).toString('hex')).toBe('00100001');
  });

  it('asks again over TCP when the answer does not fit, at the very same address', async () => {
    const many = Array.from({ length: 1_000 }, (_, i) => record(A, [10, 0, i >> 8, i & 255]));
    const whole = (query: Buffer) => framed(reply(query, { answers: many }));
    await using server = await dnsServer({
      udp: (query) => [reply(query, { truncated: true })],
      // Byte by byte at first: the length itself may be cut in two.
      tcp: (query, socket) => {
        socket.write(whole(query).subarray(0, 1));
        setImmediate(() => socket.write(whole(query).subarray(1)));
      },
    });
    const result = await probe(server.port);
    expect(result.judged).toEqual(good);
    expect(result.detail).toBe('1000 records');
    expect(result.connectMicros).toBe(ABSENT_MICROS);
    expect(result.totalMicros).toBe(result.firstByteMicros + result.transferMicros);
    expect(server.tcp).toEqual([server.udp[0]]);
  });

  it('is bad with another response code than the registered one, whatever that is', async () => {
    await using none = await dnsServer({ udp: (query) => [reply(query, { rcode: 3 })] });
    expect((await probe(none.port)).judged).toEqual(bad(REASON.wrongStatus));
    expect((await probe(none.port)).detail).toContain('NXDOMAIN');
    expect((await probe(none.port, undefined, { expectedStatus: 3 })).judged).toEqual(good);
    // Servers that understood nothing repeat no question.
    await using refuses = await dnsServer({
      udp: (query) => [Buffer.from([...query.subarray(0, 2), 0x80, 5, 0, 0, 0, 0, 0, 0, 0, 0])],
    });
    expect((await probe(refuses.port)).judged).toEqual(bad(REASON.wrongStatus));
  });

  it('is bad without any record, unless none is what was registered', async () => {
    await using empty = await dnsServer({ udp: (query) => [reply(query)] });
    expect((await probe(empty.port)).judged).toEqual(bad(REASON.emptyAnswer));
    await using other = await dnsServer({ udp: (query) => [reply(query, { answers: [record(A, [192, 0, 2, 1])] })] });
    expect((await probe(other.port, 'service.example?type=MX')).judged).toEqual(bad(REASON.emptyAnswer));
    const expectedBodyDigest = keccak_256(new Uint8Array(0));
    expect((await probe(empty.port, undefined, { expectedBodyDigest })).judged).toEqual(good);
  });

  it('compares the set of records: order, copies, times to live, compression and case do not count', async () => {
    const soa = [
      ...wireName('NS1.service.example').subarray(0, 4),
      0xc0,
      12,
      0xc0,
      12,
      ...new Array<number>(20).fill(7),
    ];
    const answers = [
      record(A, [192, 0, 2, 2], 5),
      record(6, soa),
      record(A, [192, 0, 2, 1], 900, [...wireName('Service.EXAMPLE')]),
      record(A, [192, 0, 2, 2], 6),
      record(15, [0, 10, ...wireName('mx').subarray(0, 3), 0xc0, 12]),
    ];
    const name = 'service.example';
    const expectedBodyDigest = digestOf(
      [name, A, Buffer.from([192, 0, 2, 1])],
      [name, A, Buffer.from([192, 0, 2, 2])],
      [name, 15, Buffer.from([0, 10, ...wireName('mx.service.example')])],
      [name, 6, Buffer.concat([wireName('ns1.service.example'), wireName(name), Buffer.alloc(20, 7)])],
    );
    const turn = { reversed: false };
    await using server = await dnsServer({
      udp: (query) => [reply(query, { answers: turn.reversed ? answers.toReversed() : answers })],
    });
    for (const reversed of [false, true]) {
      turn.reversed = reversed;
      const result = await probe(server.port, undefined, { expectedBodyDigest });
      expect(result.judged).toEqual(good);
      expect(result.bodyDigest).toEqual(expectedBodyDigest);
    }
    answers.pop();
    const wrong = await probe(server.port, undefined, { expectedBodyDigest });
    expect(wrong.judged).toEqual(bad(REASON.wrongAnswer));
    expect(wrong.bodyDigest.some((byte) => byte !== 0)).toBe(true);
  });

  it('takes no digest of an answer with another code', async () => {
    await using server = await dnsServer({ udp: (query) => [reply(query, { rcode: 2 })] });
    const result = await probe(server.port, undefined, { expectedBodyDigest: keccak_256(new Uint8Array(0)) });
    expect(result.judged).toEqual(bad(REASON.wrongStatus));
    expect(result.bodyDigest.every((byte) => byte === 0)).toBe(true);
  });

  it('sends a lost question again, and gives up at its time-out', async () => {
    const clock = manualClock();
    const arrived = [1, 2, 3].map(() => Promise.withResolvers<void>());
    await using server = await dnsServer({
      udp: (query, count) => {
        arrived[count - 1]?.resolve();
        return count < DNS_SENDS_MAX ? [] : [reply(query, { answers: [record(A, [192, 0, 2, 1])] })];
      },
    });
    const running = probe(server.port, undefined, {}, { tools: toolsFor(clock) });
    await arrived[0]!.promise;
    await clock.advance(DNS_RESEND_MILLIS);
    await arrived[1]!.promise;
    await clock.advance(2 * DNS_RESEND_MILLIS);
    const result = await running;
    expect(result.judged).toEqual(good);
    expect(result.totalMicros).toBe(3 * DNS_RESEND_MILLIS * 1_000);
    expect(new Set(server.udp.map((query) => query.toString('hex'))).size).toBe(1);

    const { promise: asked, resolve } = Promise.withResolvers<void>();
    await using silent = await dnsServer({
      udp: () => {
        resolve();
        return [];
      },
    });
    const late = probe(silent.port, undefined, { timeoutMillis: 500 }, { tools: toolsFor(clock) });
    await asked;
    await clock.advance(500);
    const silence = await late;
    expect(silence.judged).toEqual(bad(REASON.timeout));
    expect(silence.totalMicros).toBe(500_000);
  });

  it('is bad at once when nobody listens', async () => {
    const server = await dnsServer({ udp: () => [] });
    await server[Symbol.asyncDispose]();
    expect((await probe(server.port)).judged).toEqual(bad(REASON.connectionRefused));
  });

  it('ends when it is cut off', async () => {
    const cut = new AbortController();
    await using server = await dnsServer({
      udp: () => {
        cut.abort();
        return [];
      },
    });
    const result = await probe(server.port, undefined, {}, { signal: cut.signal });
    expect(result.reason).toBe(REASON.cutOff);
  });

  it('sends nothing to a forbidden address, and nothing that is no question', async () => {
    expect((await probe(5_353, undefined, {}, { host: '10.0.0.1' })).reason).toBe(REASON.egressRefused);
    await using server = await dnsServer({ udp: () => [] });
    for (const path of ['', '?type=A', 'a..b', `${'a'.repeat(64)}.example`, 'x.example?type=ANY', 'x.example?foo=1']) {
      expect((await probe(server.port, path)).reason, path).toBe(REASON.unsupported);
    }
    expect(server.udp).toEqual([]);
  });
});

describe('a hostile name server', () => {
  const answers = [record(A, [192, 0, 2, 1])];
  const right = (query: Buffer) => reply(query, { answers });

  it('is not helped by datagrams that are no answers to this question: they are passed over', async () => {
    const other = (query: Buffer) => {
      const name = Buffer.from(query);
      name[13]! ^= 1;
      return name;
    };
    await using server = await dnsServer({
      udp: (query) => [
        Buffer.alloc(0),
        Buffer.from([1, 2, 3]),
        query,
        reply(query, { id: query.readUInt16BE(0) ^ 1, rcode: 3 }),
        reply(query, { flags: 0xa403 }),
        reply(other(query), { rcode: 3 }),
        right(query).subarray(0, 14),
        // No error, and no question.
        Buffer.from([...query.subarray(0, 2), 0x84, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        right(query),
      ],
    });
    expect((await probe(server.port)).judged).toEqual(good);
  });

  it('is not helped by answers from another port of its own address', async () => {
    const liar = createSocket('udp4');
    const { promise: lied, resolve } = Promise.withResolvers<void>();
    await using server = await dnsServer({
      // The liar knows everything that a guess could hit: id, question, port.
      udp: (query, _count, from) => {
        liar.send(reply(query, { rcode: 3 }), from.port, from.address, () => resolve());
        return [];
      },
    });
    const clock = manualClock();
    const running = probe(server.port, undefined, { timeoutMillis: 900 }, { tools: toolsFor(clock) });
    await lied;
    await clock.advance(900);
    expect((await running).judged).toEqual(bad(REASON.timeout));
    liar.close();
  });

  const POINTERS: [name: string, owner: number[]][] = [
    ['to itself', [0xc0, 33]],
    ['forward', [0xc0, 60]],
    ['beyond the end', [0xff, 0xff]],
    ['that is cut off', [0xc0]],
    ['in a circle of two', [0xc0, 35, 0xc0, 33]],
    ['behind a label, to that label', [1, 0x61, 0xc0, 33]],
    ['of the reserved form 01', [0x41, 0x61]],
    ['of the reserved form 10', [0x80, 0x61]],
  ];
  it.each(POINTERS)('is malformed with a pointer %s', async (_name, owner) => {
    // The answer begins at byte 33: 12 of the header, 17 of service.example, 4 of type and class.
    await using server = await dnsServer({
      udp: (query) => [reply(query, { answers: [record(A, [1, 2, 3, 4], 60, owner)] })],
    });
    expect((await probe(server.port)).judged).toEqual(bad(REASON.malformedAnswer));
  });

  it('is malformed with more pointers in a row than a name has labels', async () => {
    const chained = (pointers: number) => {
      // A text whose bytes are pointers, each to the one before, the first to the question; then a record at their end.
      const to = (at: number) => [0xc0 | (at >> 8), at & 0xff];
      const data = Array.from({ length: pointers }, (_, i) => to(i === 0 ? 12 : 45 + 2 * (i - 1))).flat();
      return [record(16, data), record(A, [1, 2, 3, 4], 60, to(45 + 2 * (pointers - 1)))];
    };
    for (const [pointers, judged] of [
      [POINTERS_MAX - 1, good],
      [POINTERS_MAX, bad(REASON.malformedAnswer)],
    ] as const) {
      await using server = await dnsServer({ udp: (query) => [reply(query, { answers: chained(pointers) })] });
      expect((await probe(server.port)).judged).toEqual(judged);
    }
  });

  it('is malformed with a name that pointers make longer than any name', async () => {
    // Each record's data is a label of 63 bytes and a pointer to the data of the one before.
    const label = [63, ...new Array<number>(63).fill(0x61)];
    const chained: Buffer[] = [];
    let at = 33;
    let target = 12;
    for (let i = 0; i < 5; i++) {
      chained.push(record(16, [...label, 0xc0 | (target >> 8), target & 255]));
      target = at + 12;
      at += chained[i]!.length;
    }
    chained.push(record(5, [0xc0 | (target >> 8), target & 255]));
    await using server = await dnsServer({ udp: (query) => [reply(query, { answers: chained })] });
    const result = await probe(server.port);
    expect(result.judged).toEqual(bad(REASON.malformedAnswer));
    expect(result.detail).toContain('type 5');
  });

  it.each([
    ['fewer records than it claims', (query: Buffer) => reply(query, { answers, count: 2 })],
    ['65,535 records claimed and none there', (query: Buffer) => reply(query, { count: 65_535 })],
    ['a record that is cut off', (query: Buffer) => right(query).subarray(0, -1)],
    ['data whose name runs out of it', (query: Buffer) => reply(query, { answers: [record(15, [0, 10, 5, 0x61])] })],
  ])('is malformed with %s', async (_name, answer) => {
    await using server = await dnsServer({ udp: (query) => [answer(query)] });
    expect((await probe(server.port)).judged).toEqual(bad(REASON.malformedAnswer));
  });

  const STREAMS: [string, (query: Buffer) => Buffer, Reason][] = [
    ['another id', (query) => framed(reply(query, { answers, id: query.readUInt16BE(0) ^ 1 })), REASON.malformedAnswer],
    ['truncated again', (query) => framed(reply(query, { truncated: true })), REASON.malformedAnswer],
    ['an empty message', () => Buffer.from([0, 0]), REASON.malformedAnswer],
    [
      'two megabytes',
      (query) => Buffer.concat([Buffer.from([255, 255]), reply(query, { answers }), Buffer.alloc(2 << 20)]),
      REASON.ok,
    ],
  ];
  it.each(STREAMS)('over TCP with %s is read within its bounds', async (_name, bytes, reason) => {
    await using server = await dnsServer({
      udp: (query) => [reply(query, { truncated: true })],
      tcp: (query, socket) => socket.end(bytes(query)),
    });
    expect((await probe(server.port)).judged.reason).toBe(reason);
  });

  it('that truncates and hangs up is bad', async () => {
    await using hangs = await dnsServer({
      udp: (query) => [reply(query, { truncated: true })],
      tcp: (_, socket) => socket.end(),
    });
    expect((await probe(hangs.port)).judged).toEqual(bad(REASON.closedEarly));
  });

  it('reads whatever arrives without an exception, and to an end', async () => {
    let seed = 1;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return (seed >>> 8) % below;
    };
    await using server = await dnsServer({
      udp: (query) => {
        const bytes = reply(query, {
          answers: [...answers, record(6, [0xc0, 12, 0xc0, 12, ...new Array<number>(20).fill(1)])],
        });
        for (let i = random(6); i > 0; i--) bytes[33 + random(bytes.length - 33)] = random(256);
        return [bytes];
      },
    });
    const reasons = new Set<Reason>();
    for (let i = 0; i < 60; i++) reasons.add((await probe(server.port)).judged.reason);
    expect([...reasons].sort()).toEqual([REASON.ok, REASON.malformedAnswer, REASON.emptyAnswer].sort());
  });
});

describe('the question of a URL', () => {
  it.each([
    ['/example.org', { name: 'example.org', type: 1, recurse: false }],
    ['/Example.ORG.?TYPE=aaaa', { name: 'example.org', type: 28, recurse: false }],
    ['/_sip._tcp.example.org?type=SRV;class=in;rd=1', { name: '_sip._tcp.example.org', type: 33, recurse: true }],
  ])('%s', (path, question) => {
    expect(questionOf(path)).toEqual(question);
  });

  it.each([
    ['/', 'the path is no name'],
    ['/a b', 'the path is no name'],
    ['/-a.example', 'the path is no name'],
    [`/${'a.'.repeat(127)}ab`, 'the path is no name'],
    ['/a.example?type=AXFR', 'type is one of A, NS'],
    ['/a.example?type=A;class=CH', 'class is IN'],
    ['/a.example?type=A&rd=1', 'type is one of'],
    ['/a.example?rd=2', 'rd is 0'],
    ['/a.example?constructor=1', 'neither type='],
  ])('%s is refused', (path, message) => {
    expect(questionOf(path)).toContain(message);
  });
});
