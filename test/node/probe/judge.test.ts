import { describe, expect, it } from 'vitest';
import { judge, outcomeOf, reasonOfRemoteError, reasonOfSocketError } from '../../../node/probe/judge.ts';
import { blankResult } from '../../../node/probe/result.ts';
import { isSupported, slotMillisMax, targetOf } from '../../../node/probe/target.ts';
import { REASON, REASONS, type Reason, type ReasonName } from '../../../protocol/reason.ts';
import { OUTCOME } from '../../../protocol/sample.ts';
import { targetAt } from './target-fixture.ts';

const answered = (statusCode: number, bodyDigest = new Uint8Array(32)) => ({
  ...blankResult(REASON.ok, ''),
  statusCode,
  bodyDigest,
});

describe('judging a probe', () => {
  it('compares the status with the one that is expected', () => {
    const target = targetAt('http://a.example/', { expectedStatus: 204 });
    expect(judge(answered(204), target)).toEqual({ outcome: OUTCOME.good, reason: REASON.ok });
    expect(judge(answered(200), target)).toEqual({ outcome: OUTCOME.bad, reason: REASON.wrongStatus });
  });

  it.each([
    [200, OUTCOME.good],
    [302, OUTCOME.good],
    [399, OUTCOME.good],
    [400, OUTCOME.bad],
    [503, OUTCOME.bad],
  ])('takes any status below 400 when none is expected: %i', (status, outcome) => {
    expect(judge(answered(status), targetAt('http://a.example/', { expectedStatus: 0 })).outcome).toBe(outcome);
  });

  it('compares the digest of the body when one is expected', () => {
    const target = targetAt('http://a.example/', { expectedBodyDigest: new Uint8Array(32).fill(7) });
    expect(judge(answered(200, new Uint8Array(32).fill(7)), target).outcome).toBe(OUTCOME.good);
    expect(judge(answered(200, new Uint8Array(32).fill(8)), target).reason).toBe(REASON.wrongBody);
  });

  it.each(Object.keys(REASON) as ReasonName[])('with sick controls neither accuses nor praises: %s', (name) => {
    const result = { ...blankResult(REASON[name], ''), statusCode: 200 };
    const target = targetAt('http://a.example/');
    const { outcome, reason } = judge(result, target, REASON.controlsUnhealthy);
    if (REASONS[name].outcome <= OUTCOME.bad) {
      expect({ outcome, reason }).toEqual({ outcome: OUTCOME.watcherFault, reason: REASON.controlsUnhealthy });
    } else {
      expect({ outcome, reason }).toEqual({ outcome: REASONS[name].outcome, reason: REASON[name] });
    }
  });

  it.each<[string, Reason]>([
    ['ECONNREFUSED', REASON.connectionRefused],
    ['ECONNRESET', REASON.connectionReset],
    ['EPIPE', REASON.connectionReset],
    ['EHOSTUNREACH', REASON.hostUnreachable],
    ['ETIMEDOUT', REASON.timeout],
    ['EMFILE', REASON.socketsExhausted],
    ['ENFILE', REASON.socketsExhausted],
    ['EADDRNOTAVAIL', REASON.portsExhausted],
    ['ENETUNREACH', REASON.networkDown],
    ['EPERM', REASON.blockedHere],
    ['CERT_HAS_EXPIRED', REASON.certificateInvalid],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', REASON.certificateInvalid],
    ['ERR_TLS_CERT_ALTNAME_INVALID', REASON.certificateInvalid],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', REASON.certificateInvalid],
    ['UNSPECIFIED', REASON.certificateInvalid],
    ['ERROR_IN_CERT_NOT_AFTER_FIELD', REASON.certificateInvalid],
    ['ERR_SSL_WRONG_VERSION_NUMBER', REASON.tlsFailed],
    ['EPROTO', REASON.tlsFailed],
    ['ESOMETHINGNEW', REASON.internal],
  ])('maps the socket error %s', (code, reason) => {
    expect(reasonOfSocketError(code)).toBe(reason);
  });

  it('lets no provider hide behind what its network sends back', () => {
    for (const code of ['EACCES', 'ENETUNREACH', 'ENOPROTOOPT', 'EHOSTUNREACH']) {
      expect(reasonOfRemoteError(code), code).toBe(REASON.hostUnreachable);
    }
    expect(reasonOfRemoteError('ECONNREFUSED')).toBe(REASON.connectionRefused);
    expect(reasonOfRemoteError('EMFILE')).toBe(REASON.socketsExhausted);
  });

  it('never blames a provider for a shortage of our own', () => {
    for (const code of ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL', 'ENETUNREACH', 'EACCES', 'ENEW']) {
      expect(outcomeOf(reasonOfSocketError(code)), code).toBe(OUTCOME.watcherFault);
    }
  });
});

describe('a target', () => {
  const service = {
    id: new Uint8Array(32).fill(0xab),
    provider: `0x${'cd'.repeat(20)}`,
    kind: 0,
    url: 'https://a.example/',
    method: '',
    slotsPerEpoch: 4,
    timeoutMillis: 2_000,
    expectedStatus: 0,
    bodyDigest: new Uint8Array(32),
    extra: new Uint8Array(0),
  };

  it('follows from the registered service', () => {
    const target = targetOf(service);
    expect(target).toMatchObject({ serviceId: `0x${'ab'.repeat(32)}`, method: 'GET', expectedBodyDigest: undefined });
    const digest = new Uint8Array(32).fill(1);
    expect(targetOf({ ...service, bodyDigest: digest }).expectedBodyDigest).toEqual(digest);
    expect(isSupported(target)).toBe(true);
  });

  it('is not supported with a method that changes something or an absurd time-out', () => {
    expect(isSupported(targetOf({ ...service, method: 'HEAD' }))).toBe(true);
    expect(isSupported(targetOf({ ...service, method: 'DELETE' }))).toBe(false);
    expect(isSupported(targetOf({ ...service, method: 'GET / HTTP/1.1\r\nX:' }))).toBe(false);
    expect(isSupported(targetOf({ ...service, timeoutMillis: 1 }))).toBe(false);
    expect(isSupported(targetOf({ ...service, timeoutMillis: 31_000 }))).toBe(false);
  });

  it('bounds the time of its slot by resolving, its time-out and two rounds of the controls', () => {
    expect(slotMillisMax(500)).toBe(500 + 500 + 2_000);
    expect(slotMillisMax(20_000)).toBe(5_000 + 20_000 + 2_000);
  });
});
