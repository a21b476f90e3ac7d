import type { Bls } from '../../platform/bls/bls.ts';
import { decodeAttestation, digestOfAttestation, encodeAttestation } from '../../protocol/attestation.ts';
import { DOMAIN, drawn, drawnBelow } from '../vectors/world.ts';
import { expectTrue, medianMillis, type Row, timeRow } from './measure.ts';
import { naiveMillis, SIGNERS, type Signer } from './signers.ts';

/**
 * A certificate from the attestations of all seats, wire bytes to aggregate. It stands between the last attestation and the
 * transaction, in a view of 15 s on a single core that also serves gossip: a twentieth of a second per 400 seats while all
 * are honest; half a second and two while so many are not that each must be found among the others.
 */
const CASES = [
  { name: 'all valid', bad: 0, target: 120, runs: 9 },
  { name: '1 % invalid', bad: SIGNERS / 100, target: 600, runs: 5 },
  { name: '10 % invalid', bad: SIGNERS / 10, target: 2_000, runs: 3 },
] as const;

export function certificateRows(bls: Bls, signers: readonly Signer[]): Row[] {
  const report = drawn('report');
  const message = digestOfAttestation(DOMAIN, { epoch: 7, view: 0, report });
  const other = digestOfAttestation(DOMAIN, { epoch: 7, view: 0, report: drawn('another report') });
  const signed = signers.map((signer) => ({ ...signer, message, signature: bls.sign(signer.secretKey, message) }));
  const wrong = signers.map((signer) => bls.sign(signer.secretKey, other));
  const naive = naiveMillis(signed) * SIGNERS;
  return CASES.map(({ name, bad, target, runs }) => {
    // Well-formed signatures on another report: only a pairing tells them, the dearest kind.
    const isBad = badSeats(bad);
    const wire = signed.map(({ signature }, seat) =>
      encodeAttestation({ epoch: 7, view: 0, report, seat, signature: isBad.has(seat) ? wrong[seat]! : signature }),
    );
    const millis = medianMillis(() => {
      const partials = wire.map(decodeAttestation).map(({ seat, signature }) => {
        return { publicKey: signers[seat]!.publicKey, signature };
      });
      const { signature, valid } = bls.combine(message, partials, SIGNERS);
      expectTrue(signature !== undefined && valid.every((one, seat) => one !== isBad.has(seat)), 'wrong seats');
    }, runs);
    return timeRow(`certificate from ${SIGNERS} partials, ${name}`, millis, target, naive);
  });
}

/** Spread over the set as chance would. */
function badSeats(count: number): Set<number> {
  const seats = new Set<number>();
  for (let i = 0; seats.size < count; i++) seats.add(drawnBelow(SIGNERS, 'bad seat', i));
  return seats;
}
