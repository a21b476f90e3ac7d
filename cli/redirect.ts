import { clean, clip } from '../dashboard/terminal/text.ts';
import type { ProbeUrl } from '../node/probe/egress.ts';
import { isRedirect } from '../node/probe/http.ts';
import type { ProbeResult } from '../node/probe/result.ts';
import { SERVICE_KIND } from '../protocol/service.ts';

/** Of other kinds a number from 300 on is something else, as the days of a certificate. */
const OVER_HTTP: readonly number[] = [SERVICE_KIND.http, SERVICE_KIND.jsonRpc, SERVICE_KIND.websocket];

/** What people read of an answer that redirects; none of another one. The place is somebody else's text. */
export function redirectLines(kind: number, result: ProbeResult, url: ProbeUrl, columns: number): string[] {
  if (!OVER_HTTP.includes(kind) || !isRedirect(result.statusCode)) return [];
  const said = 'redirects are not followed';
  const { location = '' } = result;
  if (location === '') return [said];
  const base = url.origin + url.path;
  const place = URL.canParse(location, base) ? new URL(location, base).href : location;
  return [`${said}; it leads to`, `  ${clip(clean(place), columns - 2)}`];
}
