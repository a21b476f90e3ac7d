import type { Account, Chain, Client, Transport } from 'viem';

/** Any viem client; a public client and a wallet client are both. */
export type ReadingClient = Client<Transport, Chain | undefined, Account | undefined>;

/** A viem client with an account that signs and pays, as `createWalletClient({ account, chain, transport })` makes it. */
export type WritingClient = Client<Transport, Chain | undefined, Account>;
