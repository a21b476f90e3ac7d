import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import {
  CONSENT_BYTES_MAX,
  CONSENT_GRACE_MILLIS,
  CONSENT_MILLIS,
  CONSENT_PATH,
  createConsentBook,
  fetchConsent,
  grantIn,
} from '../../../node/probe/consent.ts';
import type { Resolver } from '../../../node/probe/resolve.ts';
import { manualClock } from './manual-clock.ts';
import { serve, toolsFor } from './raw-server.ts';
import { PROVIDER, SERVICE_ID, targetAt } from './target-fixture.ts';

const LINE = `${SERVICE_ID} ${PROVIDER}`;

/** A provider whose consent file the test changes; counts how often it was asked. */
async function provider() {
  const file = { status: 200, text: LINE };
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(file.status).end(file.text);
  });
  const web = await serve(server);
  const clock = manualClock();
  const book = createConsentBook(toolsFor(clock));
  const target = targetAt(`${web.url}deep/path?x=1`);
  const check = async () => {
    await book.refreshAll([target]);
    return book.state(target);
  };
  return { file, asked, clock, book, target, check, [Symbol.asyncDispose]: () => web[Symbol.asyncDispose]() };
}

describe('consent', () => {
  it('is not there before it was checked', async () => {
    await using it = await provider();
    expect(it.book.state(it.target)).toBe('unproven');
    expect(it.asked).toEqual([]);
  });

  it('is granted by the line at the origin of the target', async () => {
    await using it = await provider();
    expect(await it.check()).toBe('granted');
    expect(it.asked).toEqual([CONSENT_PATH]);
  });

  it('is not asked for again within a day, and then once', async () => {
    await using it = await provider();
    await it.check();
    it.clock.jump(CONSENT_MILLIS - 1);
    await it.check();
    expect(it.asked.length).toBe(1);
    it.clock.jump(1);
    await Promise.all([it.check(), it.check()]);
    expect(it.asked.length).toBe(2);
  });

  it.each([
    [200, `${SERVICE_ID} 0x${'ee'.repeat(20)}`],
    [200, ''],
    [200, 'x'],
    [404, LINE],
    [410, LINE],
  ])('is absent with status %i and text %j', async (status, text) => {
    await using it = await provider();
    Object.assign(it.file, { status, text });
    expect(await it.check()).toBe('absent');
  });

  it.each([302, 403, 429, 500])('is unproven with status %i', async (status) => {
    await using it = await provider();
    it.file.status = status;
    expect(await it.check()).toBe('unproven');
  });

  it('is unproven when the server fails or sends too much', async () => {
    await using it = await provider();
    it.file.status = 503;
    expect(await it.check()).toBe('unproven');
    Object.assign(it.file, { status: 200, text: LINE.padEnd(CONSENT_BYTES_MAX + 1) });
    it.clock.jump(60_000);
    expect(await it.check()).toBe('unproven');
  });

  it('is asked for again after a failure, ever more rarely', async () => {
    await using it = await provider();
    it.file.status = 404;
    const waits: number[] = [];
    await it.check();
    for (let waited = 0; waits.length < 3; ) {
      it.clock.jump(1_000);
      waited += 1;
      const before = it.asked.length;
      await it.check();
      if (it.asked.length === before) continue;
      waits.push(waited);
      waited = 0;
    }
    expect(waits).toEqual([2, 4, 8]);
    Object.assign(it.file, { status: 200 });
    it.clock.jump(60_000);
    expect(await it.check()).toBe('granted');
  });

  it('outlives an outage at the daily check, but not a withdrawal', async () => {
    await using it = await provider();
    await it.check();
    it.file.status = 503;
    it.clock.jump(CONSENT_MILLIS);
    expect(await it.check()).toBe('granted');
    it.file.status = 404;
    it.clock.jump(CONSENT_MILLIS);
    expect(await it.check()).toBe('absent');
  });

  it('ends after the grace period when it can no longer be checked', async () => {
    await using it = await provider();
    await it.check();
    it.file.status = 500;
    it.clock.jump(CONSENT_MILLIS + CONSENT_GRACE_MILLIS);
    expect(await it.check()).toBe('unproven');
  });

  it('is not fetched from a forbidden place', async () => {
    const book = createConsentBook(toolsFor(manualClock()));
    const target = targetAt('http://169.254.169.254/');
    await book.refreshAll([target]);
    expect(book.state(target)).toBe('unproven');
  });

  it.each([
    ['the very line', LINE, { requestsPerMinuteMax: undefined }],
    [
      'other case, more space, CRLF, among others',
      `# ours\r\n  ${LINE.toUpperCase().replace(' ', '\t ')} \r\nx`,
      { requestsPerMinuteMax: undefined },
    ],
    ['a line with something behind it', `${LINE} no`, undefined],
    ['a commented line', `# ${LINE}`, undefined],
    ['the two words on two lines', LINE.replace(' ', '\n'), undefined],
    ['another service', LINE.replace('ab', 'ac'), undefined],
    ['a rate', `${LINE} max-per-minute 600`, { requestsPerMinuteMax: 600 }],
    ['none at all', `${LINE}  MAX-per-minute\t0`, { requestsPerMinuteMax: 0 }],
    ['several rates', `${LINE} max-per-minute 7\n${LINE}\n${LINE} max-per-minute 9`, { requestsPerMinuteMax: 7 }],
    ['a rate without its number', `${LINE} max-per-minute`, undefined],
    ['a rate that is no whole number', `${LINE} max-per-minute 1.5`, undefined],
    ['a rate with a leading zero', `${LINE} max-per-minute 07`, undefined],
    ['a negative rate', `${LINE} max-per-minute -1`, undefined],
    ['a rate of ten digits', `${LINE} max-per-minute 1000000000`, undefined],
    ['a rate of another unit', `${LINE} max-per-hour 600`, undefined],
    ['a rate and more', `${LINE} max-per-minute 600 please`, undefined],
    [
      'a line that is not understood among one that is',
      `${LINE} max-per-day 1\n${LINE}`,
      { requestsPerMinuteMax: undefined },
    ],
  ])('reads %s', (_name, text, expected) => {
    expect(grantIn(text.split(/\r?\n/), SERVICE_ID, PROVIDER)).toEqual(expected);
  });

  it('to less load than is assigned is none, and counts again when less is assigned', async () => {
    await using it = await provider();
    it.file.text = `${LINE} max-per-minute 100`;
    await it.check();
    expect(it.book.state({ ...it.target, requestsPerMinute: 100 })).toBe('granted');
    expect(it.book.state({ ...it.target, requestsPerMinute: 101 })).toBe('absent');
    expect(it.asked.length).toBe(1);
    it.file.text = LINE;
    it.clock.jump(CONSENT_MILLIS);
    await it.check();
    expect(it.book.state({ ...it.target, requestsPerMinute: 101 })).toBe('granted');
  });
});

describe('consent by TXT record', () => {
  type Answer = Awaited<ReturnType<NonNullable<Resolver['texts']>>>;
  /** A target whose name has these texts, and at its origin a web server with this file, or none. */
  async function named(scheme: 'http' | 'tcp', answer: Answer, status: number | undefined) {
    await using web = await serve(createServer((_request, response) => response.writeHead(status ?? 200).end('')));
    const asked: string[] = [];
    const first: Resolver = {
      resolve: async () => ({ kind: 'addresses', addresses: ['127.0.0.1'] }),
      texts: async (name) => {
        asked.push(name);
        return answer;
      },
    };
    const tools = { ...toolsFor(manualClock()), resolvers: { first, second: undefined } };
    const target = targetAt(`${scheme}://service.example:${web.port}`);
    const { state } = await fetchConsent(tools, target);
    return { state, asked };
  }
  const yes: Answer = { kind: 'texts', texts: ['v=spf1 -all', LINE] };
  const no: Answer = { kind: 'texts', texts: ['v=spf1 -all'] };
  const failed: Answer = { kind: 'failed', detail: 'ESERVFAIL' };

  it('stands below the host, and is enough where no HTTP is spoken', async () => {
    expect(await named('tcp', yes, undefined)).toEqual({ state: 'granted', asked: ['_plumbline.service.example'] });
    expect((await named('tcp', no, undefined)).state).toBe('absent');
    expect((await named('tcp', { kind: 'missing' }, undefined)).state).toBe('absent');
    expect((await named('tcp', failed, undefined)).state).toBe('unproven');
  });

  it('grants where the file does not; only both together say no', async () => {
    expect((await named('http', yes, 404)).state).toBe('granted');
    expect((await named('http', no, 404)).state).toBe('absent');
    expect((await named('http', failed, 404)).state).toBe('unproven');
    expect((await named('http', yes, 503)).state).toBe('unproven');
  });

  it('cannot stand at an address', async () => {
    const { state, detail } = await fetchConsent(toolsFor(manualClock()), targetAt('tcp://127.0.0.1:8080'));
    expect(state).toBe('absent');
    expect(detail).toContain('register a name');
  });
});
