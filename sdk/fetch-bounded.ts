import { PlumblineError } from '../protocol/error.ts';

/** A server that has not sent a whole file by then is given up. */
export const FETCH_TIMEOUT_MILLIS = 60_000;

/**
 * A file from a web server; undefined when it answers 404.
 * @throws PlumblineError `archive` for another answer, for none in time, and as soon as it is longer than `bytesMax`
 */
export async function fetchBounded(url: string, bytesMax: number): Promise<Uint8Array | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MILLIS) });
    if (response.status === 404) {
      await response.body?.cancel();
      return undefined;
    }
    if (!response.ok || !response.body) throw new PlumblineError('archive', `${url}: answers ${response.status}`);
    return await collect(url, response.body, bytesMax);
  } catch (error) {
    if (error instanceof PlumblineError) throw error;
    const why = error instanceof Error && error.name === 'TimeoutError' ? 'no whole answer in time' : 'no answer';
    throw new PlumblineError('archive', `${url}: ${why}`, {}, error);
  }
}

/** Leaving the loop early cancels the transfer. */
async function collect(url: string, body: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > bytesMax) throw new PlumblineError('archive', `${url}: more than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
