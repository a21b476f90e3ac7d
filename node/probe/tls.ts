import type { TLSSocket } from 'node:tls';
import { REASON } from '../../protocol/reason.ts';
import { probeConnection } from './connection.ts';
import { checkedProbe, type Probe } from './kind.ts';

const MILLIS_PER_DAY = 24 * 3_600_000;
/** `statusCode` has 16 bits; 179 years are enough for any certificate. */
const DAYS_MAX = 65_535;

/**
 * `tls://host:port`: good is a handshake with a certificate that is valid now, and for at least `expectedStatus` days more.
 * The whole days left stand in the result as `statusCode`.
 */
export const tlsProbe: Probe = checkedProbe(['tls'], (tools, target, url, signal) =>
  probeConnection(
    tools,
    { url, timeoutMillis: target.timeoutMillis, authorities: target.authorities, signal },
    {
      open: (line, _socket, tls) => {
        line.result.statusCode = daysLeft(tls!, tools.clock.now());
        line.finish(REASON.ok, `the certificate is valid for ${line.result.statusCode} days`);
      },
    },
  ),
);

function daysLeft(tls: TLSSocket, nowUnixMillis: number): number {
  const endsUnixMillis = Date.parse(tls.getPeerCertificate().valid_to);
  return Math.min(Math.max(Math.floor((endsUnixMillis - nowUnixMillis) / MILLIS_PER_DAY), 0), DAYS_MAX);
}
