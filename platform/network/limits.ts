/** Bounds of the peer-to-peer layer, each with its reason. docs/LIMITS.md lists them with the others. */

/** The largest gossip message that any topic may allow: a reveal (a batch of 1 MiB and its envelope), with room. Bytes. */
export const MESSAGE_BYTES_MAX = 2 * 1024 * 1024;
/**
 * One gossipsub frame. An answer to IWANT carries every message that was asked for in one frame, so this must hold several
 * of the largest messages: a longer frame ends the stream. Bytes.
 */
export const RPC_BYTES_MAX = 16 * 1024 * 1024;
/** Bytes waiting for one slow peer; beyond it the stream is reset and the peer reconnects. */
export const SEND_BUFFER_BYTES_MAX = 32 * 1024 * 1024;
/** Up to this size our own messages go to every peer of the topic at once; larger ones go through the mesh. Bytes. */
export const FLOOD_BYTES_MAX = 64 * 1024;
/** Messages in one frame: twice the seats of the largest set. */
export const RPC_MESSAGES_MAX = 1_024;
/** Message ids in one control message: ten times what a full round of all topics has. */
export const RPC_IDS_MAX = 5_000;
/** Control messages of one kind, and subscriptions, in one frame: a few per topic. */
export const RPC_CONTROLS_MAX = 128;

/**
 * What one peer may send us on one topic before we have seen it elsewhere. A full round of 512 seats fits in the burst, and
 * at the fastest epoch (4 s) refills in time; what honest peers pass on is bounded by what handlers accept.
 */
export const MESSAGES_BURST = 2_048;
export const MESSAGES_PER_SECOND = 256;
export const MESSAGE_BYTES_BURST = 64 * 1024 * 1024;
export const MESSAGE_BYTES_PER_SECOND = 8 * 1024 * 1024;
/** Handlers at work for one peer, and for all; and the bytes of the messages that they hold. */
export const HANDLERS_PER_PEER_MAX = 512;
export const HANDLERS_MAX = 4_096;
export const HANDLER_BYTES_MAX = 256 * 1024 * 1024;

/** Requests of one peer: enough to fetch every batch of a round in a few seconds. */
export const REQUESTS_BURST = 64;
export const REQUESTS_PER_SECOND = 16;
/** Requests being answered for one peer, and for all. */
export const REQUESTS_PER_PEER_MAX = 4;
export const REQUESTS_MAX = 32;
/** Streams that one peer may have open per protocol: a few more than are answered, so that the refusal is ours. */
export const REQUEST_STREAMS_MAX = 16;
/** The request itself is small: a peer that takes longer to send it is holding a slot. Milliseconds. */
export const REQUEST_READ_MILLIS = 5_000;
/** Finding an answer. Milliseconds. */
export const REQUEST_HANDLER_MILLIS = 10_000;
/** Sending an answer of ANSWER_BYTES_MAX at 10 Mbit/s. Milliseconds. */
export const REQUEST_WRITE_MILLIS = 30_000;
/** The longest answer that we give. Bytes. */
export const ANSWER_BYTES_MAX = 32 * 1024 * 1024;
/** Peers asked before a request gives up. */
export const REQUEST_PEERS_MAX = 32;

/** Connections of a node: four times the largest planned mesh. */
export const CONNECTIONS_MAX = 256;
/** Connections being set up at once, for a set that starts together. */
export const CONNECTIONS_PENDING_MAX = 128;
/** New connections a second from one address. A devnet has all its nodes on one address and needs more. */
export const CONNECTIONS_PER_SECOND = 32;
/** Peers behind one address before the surplus costs score; loopback is exempt. */
export const PEERS_PER_ADDRESS = 16;

/** Dialling one peer, its handshakes included. Milliseconds. */
export const DIAL_MILLIS = 5_000;
/** Protocol negotiation. gossipsub opens its streams one after another, so one silent peer must not hold up the others long. Milliseconds. */
export const NEGOTIATION_MILLIS = 3_000;
/** First wait before a configured peer is dialled again; it doubles up to the maximum. Milliseconds. */
export const REDIAL_MILLIS_MIN = 250;
export const REDIAL_MILLIS_MAX = 30_000;
/** How often connections are looked after. Milliseconds. */
export const CARE_MILLIS = 250;
/** A connection without a gossip stream for this long is closed and opened anew. Milliseconds. */
export const MUTE_MILLIS = 10_000;

/**
 * Connections that strangers never get, and half of all when there are fewer: peers of the registry, in either direction, and
 * configured ones. Eight times what a node keeps itself, for those that chose it.
 */
export const KEPT_CONNECTIONS = 64;
/** Connections of one peer: two that dialled each other at once, and as many that a lost network has not ended yet. */
export const CONNECTIONS_PER_PEER_MAX = 4;
/** Dials to strangers that others introduced: a set that starts together has as many. */
export const STRANGER_DIALS_BURST = 64;
export const STRANGER_DIALS_PER_SECOND = 4;

/** Peers of the registry that a node keeps connected, drawn by stake: that all are of a third of it has a chance of 3^-8. */
export const PERSISTENT_PEERS = 8;
/** Failed dials after which another one takes its place. */
export const PERSISTENT_FAILURES_MAX = 3;
/** One of them is exchanged in this time, so that no draw lasts for ever. Milliseconds. */
export const PERSISTENT_ROTATE_MILLIS = 600_000;
/** Connected peers of the registry up to which one that was exchanged stays connected. */
export const REGISTERED_CONNECTED_MAX = 2 * PERSISTENT_PEERS;
/** Longest wait before a peer of the registry is dialled again: its address may be that of a bystander. Milliseconds. */
export const PERSISTENT_REDIAL_MILLIS_MAX = 600_000;
/** Dials to peers of the registry: all of them at the start with a second try. */
export const PERSISTENT_DIALS_BURST = 16;
export const PERSISTENT_DIALS_PER_SECOND = 1;
/** Dials into one network (/24 of IPv4, /48 of IPv6), whoever published addresses there: no node can be made to flood it. */
export const NETWORK_DIALS_BURST = 4;
export const NETWORK_DIALS_PER_SECOND = 1 / 30;
/** Looking up the name in an address that somebody published. Milliseconds. */
export const NAME_MILLIS = 2_000;
/** Addresses tried of one name, and of one peer in all. */
export const NAME_ADDRESSES_MAX = 8;

/** At this many penalty points a peer is disconnected and kept out: the fourth rejected message in a short time. */
export const BAN_POINTS = 3.5;
/** Points halve in this time. Milliseconds. */
export const PENALTY_HALF_LIFE_MILLIS = 600_000;
export const BAN_MILLIS = 600_000;
/** Peers whose points are remembered; the oldest go first. */
export const PEERS_REMEMBERED_MAX = 4_096;
