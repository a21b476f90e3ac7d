import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** A fresh self-signed certificate, so that neither a private key nor an expiry date lies in the repository. */
export type SelfSigned = { key: string; cert: string };

const DAY_MILLIS = 86_400_000;

/** For `dnsName`, valid for a day from now, or until yesterday when `expired`. */
export function selfSigned(dnsName: string, expired = false): SelfSigned {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ecdsaWithSha256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
  const commonName = sequence(oid(0x55, 0x04, 0x03), tlv(0x0c, Buffer.from(dnsName)));
  const name = sequence(tlv(0x31, commonName));
  const end = Date.now() + (expired ? -DAY_MILLIS : DAY_MILLIS);
  const validity = sequence(utcTime(end - 3 * DAY_MILLIS), utcTime(end));
  const altName = sequence(oid(0x55, 0x1d, 0x11), tlv(0x04, sequence(tlv(0x82, Buffer.from(dnsName)))));
  const body = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, Buffer.from([1])),
    ecdsaWithSha256,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(altName)),
  );
  return { key: pemOf(privateKey), cert: certificatePem(body, ecdsaWithSha256, privateKey) };
}

function certificatePem(body: Buffer, algorithm: Buffer, key: KeyObject): string {
  const signature = tlv(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', body, key)]));
  const base64 = sequence(body, algorithm, signature).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function tlv(tag: number, value: Buffer): Buffer {
  const size = value.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), value]);
}

function sequence(...parts: Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

function oid(...bytes: number[]): Buffer {
  return tlv(0x06, Buffer.from(bytes));
}

function utcTime(unixMillis: number): Buffer {
  const digits = new Date(unixMillis).toISOString().replace(/[-:T]|\..*/g, '');
  return tlv(0x17, Buffer.from(`${digits.slice(2)}Z`));
}
