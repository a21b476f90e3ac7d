import { describe, expect, it } from 'vitest';
import { pickServices } from '../../audit/pick.ts';
import { fromHex } from '../../protocol/bytes.ts';
import { SERVICE_KIND, type Service } from '../../protocol/service.ts';

/** A service whose id begins so. */
function service(beginning: string, url: string): Service {
  return {
    id: fromHex(`0x${beginning.padEnd(64, '0')}`),
    provider: `0x${'11'.repeat(20)}`,
    kind: SERVICE_KIND.http,
    url,
    method: 'GET',
    slotsPerEpoch: 4,
    timeoutMillis: 1_000,
    expectedStatus: 0,
    bodyDigest: new Uint8Array(32),
    extra: new Uint8Array(),
  };
}

const ALL = [
  service('abcd1111', 'https://a.example/'),
  service('abcd2222', 'https://b.example'),
  service('abcd22223', 'https://b.example/'),
  service('1234', 'tcp://c.example:7'),
  service('5678', 'https://d.example/\x1b[31m'),
  service('9abc', 'https://e.example/'),
];
const pick = (wanted?: string, services: readonly Service[] = ALL) => pickServices(services, 7, wanted);

describe('which service is meant', () => {
  it('takes an id, a beginning of it that no other has, and a URL however it is written', () => {
    expect(pick()).toEqual(ALL);
    expect(pick(`0x1234${'0'.repeat(60)}`)).toEqual([ALL[3]]);
    expect(pick('0xABCD1')).toEqual([ALL[0]]);
    expect(pick('0x1234')).toEqual([ALL[3]]);
    expect(pick('https://a.example/')).toEqual([ALL[0]]);
    expect(pick('HTTPS://A.example:443')).toEqual([ALL[0]]);
    expect(pick('tcp://c.example:7')).toEqual([ALL[3]]);
  });

  it('names those that may be meant when there are several, each by enough of its id', () => {
    expect(() => pick('0xabcd')).toThrow(
      '--service 0xabcd is 3 services of epoch 7: 0xabcd11110 (https://a.example/), 0xabcd22220 (https://b.example), 0xabcd22223 (https://b.example/); give more of the id',
    );
    expect(() => pick('https://b.example')).toThrow(/is 2 services of epoch 7: 0xabcd22220 .*, 0xabcd22223 /);
  });

  it('names at most five when there is none, the nearest first and no control character', () => {
    expect(() => pick('0xffff')).toThrow(
      /^--service 0xffff is no service of epoch 7; it has 0xabcd11110 .*, 0x567800000 \(https:\/\/d\.example\/·\[31m\), 1 more$/,
    );
    expect(() => pick('e.example')).toThrow(/it has 0x9abc00000 \(https:\/\/e\.example\/\), 0xabcd11110 /);
    expect(() => pick('0xffff', [])).toThrow('--service 0xffff is no service of epoch 7; it has none');
  });

  it('refuses what is too short or too long for an id, or none', () => {
    for (const wanted of ['0x', '0xabc', `0x${'a'.repeat(65)}`, '0xabcg'])
      expect(() => pick(wanted)).toThrow(/an id, or its beginning, is 0x and 4 to 64 hex digits$/);
  });
});
