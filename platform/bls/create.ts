import { PlumblineError } from '../../protocol/error.ts';
import type { Bls } from './bls.ts';
import { createMclBls } from './mcl.ts';
import { createNobleBls } from './noble.ts';

/**
 * The implementation that programs use: mcl, or the reference when mcl does not start on this machine. Both give the same
 * bytes, so falling back costs only time; `onFallback` hears the reason (code `bls-mcl`) and should log it.
 */
export async function createBls(onFallback: (reason: PlumblineError) => void): Promise<Bls> {
  try {
    return await createMclBls();
  } catch (error) {
    if (!(error instanceof PlumblineError)) throw error;
    onFallback(error);
    return createNobleBls();
  }
}
