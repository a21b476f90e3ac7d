import { describe, expect, it } from 'vitest';
import { bigEndian, concat, fromHex, type Hex, keccak, toHex } from '../../protocol/bytes.ts';
import {
  attestationDigest,
  commitDigest,
  possessionDigest,
  proposalDigest,
  TYPES,
  vrfDigest,
} from '../../protocol/digest.ts';
import { HEADER_TYPE, headerToAbi, reportHash } from '../../protocol/header.ts';
import { HEADER } from '../../scripts/vectors/digests.ts';
import { DOMAIN, drawn } from '../../scripts/vectors/world.ts';

const text = (value: string): Uint8Array => keccak(new TextEncoder().encode(value));
const typeOf = (name: string, fields: readonly { name: string; type: string }[]): string =>
  `${name}(${fields.map((field) => `${field.type} ${field.name}`).join(',')})`;

/** EIP-712 from its definition, without the library. */
function separator(chainId: number, contract: Uint8Array): Uint8Array {
  const type = 'EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)';
  return keccak(text(type), text('Plumbline'), text('1'), bigEndian(chainId, 32), concat(new Uint8Array(12), contract));
}

function digestOf(name: keyof typeof TYPES, words: readonly Uint8Array[], contract = DOMAIN.oracle): Uint8Array {
  const struct = keccak(text(typeOf(name, TYPES[name])), ...words);
  return keccak(Uint8Array.of(0x19, 0x01), separator(DOMAIN.chainId, contract), struct);
}

describe('the digests', () => {
  const word = (n: number) => bigEndian(n, 32);
  const [a, b] = [drawn('a'), drawn('b')];

  it('are EIP-712, computed from its definition', () => {
    expect(commitDigest(DOMAIN, 7, a, b)).toEqual(digestOf('Commit', [word(7), a, b]));
    expect(proposalDigest(DOMAIN, 7, 3, a)).toEqual(digestOf('Proposal', [word(7), word(3), a]));
    expect(attestationDigest(DOMAIN, 7, 3, a)).toEqual(digestOf('Attestation', [word(7), word(3), a]));
    expect(vrfDigest(DOMAIN, 7, a)).toEqual(digestOf('VrfInput', [word(7), a]));
    const registry = drawn('registry').subarray(0, 20);
    const operator = drawn('operator').subarray(0, 20);
    const padded = concat(new Uint8Array(12), operator);
    expect(possessionDigest(DOMAIN.chainId, registry, toHex(operator), a)).toEqual(
      digestOf('ProofOfPossession', [padded, a], registry),
    );
  });

  it('hash the header as a struct without a domain', () => {
    const words = HEADER_TYPE.map(({ name }) => {
      const value = headerToAbi(HEADER)[name];
      return typeof value === 'string' ? fromHex(value) : bigEndian(value, 32);
    });
    expect(reportHash(HEADER)).toEqual(keccak(text(typeOf('Header', HEADER_TYPE)), ...words));
  });

  it('take the largest numbers of the wire and none beyond', () => {
    expect(() => commitDigest(DOMAIN, Number.MAX_SAFE_INTEGER, a, b)).not.toThrow();
    expect(() => attestationDigest(DOMAIN, 1, 2 ** 32 - 1, a)).not.toThrow();
    expect(() => attestationDigest(DOMAIN, 1, 2 ** 32, a)).toThrow();
    for (const epoch of [-1, 0.5, Number.NaN]) expect(() => commitDigest(DOMAIN, epoch, a, b)).toThrow();
  });

  it('are the same for an operator in lower case and with its checksum, and refuse a wrong checksum', () => {
    const checksummed = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';
    const of = (operator: string) => toHex(possessionDigest(1, DOMAIN.oracle, operator as Hex, a));
    expect(of(checksummed.toLowerCase())).toBe(of(checksummed));
    expect(() => of(checksummed.replace('5aA', '5AA'))).toThrow();
  });
});
