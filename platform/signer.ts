import { type Domain, vrfDigest } from '../protocol/digest.ts';
import type { Bls } from './bls/bls.ts';
import type { Guard } from './guard.ts';
import type { JournalEntry } from './store/entry.ts';
import type { Journal } from './store/journal.ts';

export interface SignerOptions {
  readonly bls: Pick<Bls, 'sign'>;
  /** The BLS secret key, 32 bytes. Nothing but the signer keeps it. */
  readonly secretKey: Uint8Array;
  readonly journal: Pick<Journal, 'record'>;
  readonly guard: Pick<Guard, 'maySign' | 'checkNew' | 'checkAlone'>;
  readonly domain: Domain;
}

/** The only holder of the secret key: no protocol message is signed past the journal. */
export interface Signer {
  /**
   * Journals the entry (on the disk before this continues), then signs its digest. The same entry again gives the same
   * signature; 48 bytes.
   * @throws PlumblineError `journal-conflict` and the other errors of `Journal.record`, `listening` for what the journal does
   *   not hold while the process listens, `own-key-elsewhere`; then nothing was signed
   */
  sign(entry: JournalEntry): Promise<Uint8Array>;
  /**
   * The VRF proof of an epoch: deterministic, so it needs no journal. It takes the input and not a digest, so that no
   * caller can have a commit or an attestation signed past the journal.
   * @param seed 32 bytes
   */
  prove(epoch: number, seed: Uint8Array): Uint8Array;
  /** False while `sign` would refuse whatever is new: no work needs to be done for it. */
  maySign(): boolean;
}

export function createSigner({ bls, secretKey, journal, guard, domain }: SignerOptions): Signer {
  const secret = secretKey.slice();
  return {
    sign: async (entry) => {
      const digest = entry.digest.slice();
      guard.checkAlone();
      await journal.record({ ...entry, digest }, () => guard.checkNew());
      // The write took its time: what was heard meanwhile counts.
      guard.checkAlone();
      return bls.sign(secret, digest);
    },
    prove: (epoch, seed) => bls.sign(secret, vrfDigest(domain, epoch, seed)),
    maySign: () => guard.maySign(),
  };
}
