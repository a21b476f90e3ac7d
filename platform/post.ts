/**
 * The body of the answer to one POST of JSON to an endpoint that the operator configured; undefined for any answer but a
 * whole one with status 200 in time. Not for what strangers name: those are probed under the egress policy.
 */
export async function postJson(
  url: string,
  text: string,
  { millisMax, bytesMax }: { readonly millisMax: number; readonly bytesMax: number },
): Promise<Uint8Array | undefined> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: text,
      redirect: 'error',
      signal: AbortSignal.timeout(millisMax),
    });
    if (response.status !== 200 || !response.body) {
      await response.body?.cancel();
      return undefined;
    }
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of response.body) {
      length += chunk.length;
      // Leaving the loop cancels the transfer.
      if (length > bytesMax) return undefined;
      chunks.push(chunk);
    }
    return new Uint8Array(Buffer.concat(chunks));
  } catch {
    return undefined;
  }
}
