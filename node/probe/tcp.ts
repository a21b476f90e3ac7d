import { REASON } from '../../protocol/reason.ts';
import { probeConnection } from './connection.ts';
import { checkedProbe, type Probe } from './kind.ts';

/** `tcp://host:port`: good is a connection that stands. Nothing is sent: what a server says first is not waited for. */
export const tcpProbe: Probe = checkedProbe(['tcp'], (tools, target, url, signal) =>
  probeConnection(
    tools,
    { url, timeoutMillis: target.timeoutMillis, signal },
    { open: (line) => line.finish(REASON.ok, 'connected') },
  ),
);
