import type { Connection, Libp2p, Stream } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { errorCode, PlumblineError } from '../../protocol/error.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { AskingOrder } from './asking.ts';
import { readFrame, writeFrame } from './frame.ts';
import {
  ANSWER_BYTES_MAX,
  REQUEST_HANDLER_MILLIS,
  REQUEST_PEERS_MAX,
  REQUEST_READ_MILLIS,
  REQUEST_STREAMS_MAX,
  REQUEST_WRITE_MILLIS,
  REQUESTS_BURST,
  REQUESTS_MAX,
  REQUESTS_PER_PEER_MAX,
  REQUESTS_PER_SECOND,
} from './limits.ts';
import type { RequestHandler, RequestKind, RequestOptions } from './network.ts';
import { createGate, createQuota, type MonotonicMillis } from './quota.ts';

export interface RequestsOptions {
  readonly libp2p: Libp2p;
  readonly name: (kind: RequestKind) => string;
  readonly now: MonotonicMillis;
  /** Aborted when the node stops: ends every request, asked or answered. */
  readonly stopping: AbortSignal;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface Requests {
  serve(kind: RequestKind, maxRequestBytes: number, handler: RequestHandler): Promise<void>;
  request(kind: RequestKind, request: Uint8Array, options: RequestOptions): Promise<Uint8Array | undefined>;
}

const NOTHING = new Uint8Array();

/** One stream per request: a frame there, a frame back. An empty answer means "I do not have that". */
export function createRequests({ libp2p, name, now, stopping, log, metrics }: RequestsOptions): Requests {
  const quota = createQuota({ burst: REQUESTS_BURST, perSecond: REQUESTS_PER_SECOND }, now);
  const gate = createGate({ perKey: REQUESTS_PER_PEER_MAX, all: REQUESTS_MAX });
  const order = new AskingOrder(Math.random);
  const within = (millis: number): AbortSignal => AbortSignal.any([stopping, AbortSignal.timeout(millis)]);

  const answer = async (kind: RequestKind, from: string, request: Uint8Array, handler: RequestHandler) => {
    const found = (await unlessAborted(handler(from, request), within(REQUEST_HANDLER_MILLIS))) ?? NOTHING;
    if (found.length <= ANSWER_BYTES_MAX) return found;
    log.error({ kind, bytes: found.length, max: ANSWER_BYTES_MAX }, 'an answer is too long to send');
    return NOTHING;
  };
  const onStream = async (
    kind: RequestKind,
    maxBytes: number,
    handler: RequestHandler,
    stream: Stream,
    from: string,
  ) => {
    const count = (result: string): void => {
      metrics.increment('plumbline_requests_total', { kind, side: 'answered', result });
    };
    const leave = quota.take(from) ? gate.enter(from) : undefined;
    if (!leave) {
      count('refused');
      stream.abort(new PlumblineError('request-refused', 'too many requests at once or in a short time'));
      return;
    }
    try {
      const request = await readFrame(stream, maxBytes, within(REQUEST_READ_MILLIS));
      const found = await answer(kind, from, request, handler);
      await writeFrame(stream, found, within(REQUEST_WRITE_MILLIS));
      count(found.length > 0 ? 'found' : 'nothing');
    } catch (err) {
      log.debug({ err, kind, from }, 'a request of a peer was not answered');
      count('failed');
      stream.abort(asError(err));
    } finally {
      leave();
    }
  };
  const ask = async (kind: RequestKind, peer: string, request: Uint8Array, options: RequestOptions) => {
    const signal = within(options.timeoutMillis);
    let stream: Stream | undefined;
    try {
      stream = await libp2p.dialProtocol(peerIdFromString(peer), name(kind), { signal });
      await writeFrame(stream, request, signal);
      return await readFrame(stream, options.maxBytes, signal);
    } finally {
      // Both frames are through, or nothing more is wanted: the stream must not wait for the other side to close.
      if (stream?.status === 'open' || stream?.status === 'closing') {
        stream.abort(new PlumblineError('request-done', 'the request is over'));
      }
    }
  };
  const tryPeer = async (kind: RequestKind, peer: string, request: Uint8Array, options: RequestOptions) => {
    const count = (result: string): void =>
      metrics.increment('plumbline_requests_total', { kind, side: 'asked', result });
    try {
      const found = await ask(kind, peer, request, options);
      const wanted = found.length > 0 && (options.accept?.(found) ?? true);
      order.note(peer, wanted || found.length === 0);
      count(found.length === 0 ? 'nothing' : wanted ? 'found' : 'wrong');
      return wanted ? found : undefined;
    } catch (err) {
      log.debug({ err, kind, peer, code: errorCode(err) }, 'a peer did not answer');
      count('failed');
      order.note(peer, false);
      return undefined;
    }
  };
  return {
    serve: async (kind, maxRequestBytes, handler) => {
      const protocol = name(kind);
      if (libp2p.getProtocols().includes(protocol)) {
        throw new PlumblineError('network-duplicate-handler', `requests for ${kind} have their handler; there is one`);
      }
      const onIncoming = (stream: Stream, connection: Connection) =>
        onStream(kind, maxRequestBytes, handler, stream, connection.remotePeer.toString());
      await libp2p.handle(protocol, onIncoming, {
        maxInboundStreams: REQUEST_STREAMS_MAX,
        maxOutboundStreams: REQUEST_STREAMS_MAX,
      });
    },
    request: async (kind, request, options) => {
      const peers = options.peer === undefined ? order.of(libp2p.getPeers().map(String)) : [options.peer];
      for (const peer of peers.slice(0, REQUEST_PEERS_MAX)) {
        if (stopping.aborted) return undefined;
        const found = await tryPeer(kind, peer, request, options);
        if (found) return found;
      }
      return undefined;
    },
  };
}

/** The handler keeps running, because nothing can stop it; its result is not waited for any longer. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function asError(value: unknown): Error {
  return value instanceof Error ? value : new Error(String(value));
}
