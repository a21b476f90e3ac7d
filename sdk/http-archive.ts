import { recordBytesMax, recordName } from '../protocol/record.ts';
import { fetchBounded } from './fetch-bounded.ts';
import { type LeafSource, leavesOfRecord } from './leaf-source.ts';

/**
 * An archive folder that some web server hands out as plain files, `<url>/epoch-000000012.ssz` and so on. It throws PlumblineError
 * `archive` when the server answers with neither a file nor 404, not in time, or with more bytes than any record of the report has.
 * @param url of the folder
 */
export function httpArchive(url: string): LeafSource {
  const base = url.endsWith('/') ? url : `${url}/`;
  return {
    name: base,
    leaves: async ({ epoch, batches }) => {
      const bytes = await fetchBounded(`${base}${recordName(epoch)}`, recordBytesMax(batches));
      return bytes && leavesOfRecord(bytes);
    },
  };
}
