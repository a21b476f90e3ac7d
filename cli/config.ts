import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { isScalar, parseDocument, visit } from 'yaml';
import { z } from 'zod';
import { LOG_LEVELS } from '../platform/log.ts';
import { NTP_SERVERS_MIN } from '../platform/reference.ts';
import type { Hex } from '../protocol/bytes.ts';
import { errorCode, errorMessage, PlumblineError } from '../protocol/error.ts';
import { DeploymentRecord } from './record.ts';

/** Larger files are the wrong file, and the YAML library takes up to a minute to say what is wrong in them. */
export const CONFIG_BYTES_MAX = 64 << 10;

export const address = z
  // YAML reads 0x… without quotes as a number.
  .string('an address: 0x and 40 hex digits, in quotes')
  .regex(/^0x[0-9a-fA-F]{40}$/, 'an address: 0x and 40 hex digits')
  .transform((text) => text as Hex);
const path = z.string().min(1);
const control = z.string().regex(/^(\d{1,3}\.){3}\d{1,3}:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/, 'an address and port');
const hostName = z.string().regex(/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/, 'a name in lower case');
const ntpServer = z
  .string()
  .regex(/^[a-zA-Z0-9.-]{1,253}(:\d{1,5})?$|^\[[0-9a-fA-F:]+\](:\d{1,5})?$/, 'a host, with or without a port');

/** What `plumbline deploy` writes and everybody else reads. */
const Deployment = z.strictObject({
  chainId: z.int().positive(),
  deployBlock: z.int().nonnegative(),
  token: address,
  registry: address,
  services: address,
  oracle: address,
  vault: address,
  /** Deployments from before there was a market have none. */
  market: address.optional(),
  templates: address.optional(),
  /** How it came about; a devnet's file has none. */
  record: DeploymentRecord.optional(),
});
export type Deployment = z.infer<typeof Deployment>;

const common = {
  /** JSON-RPC endpoint of the chain. */
  rpc: z.url({ protocol: /^https?$/ }),
  /** Path of the deployment file. */
  deployment: path,
  /** Database, identity and archive live here. */
  dataDir: path,
  /** File with the private key that pays for submissions; without it this node never submits. */
  submitterKeyFile: path.optional(),
  listen: z.array(z.string()).default(['/ip4/0.0.0.0/tcp/4601']),
  announce: z.array(z.string()).default([]),
  bootnodes: z.array(z.string()).max(64).default([]),
  /** New inbound connections a second and host; raise it only where many nodes share one address. */
  inboundConnectionThreshold: z.int().min(1).max(1_000).default(5),
  /** Only for a devnet or a private network: peers at loopback and private addresses may be dialled though nobody configured them. */
  allowPrivatePeers: z.boolean().default(false),
  /** Longest wait before a bootnode is dialled again, ms. */
  redialMillisMax: z.int().min(250).max(600_000).default(30_000),
  log: z
    .strictObject({ level: z.enum(LOG_LEVELS).default('info'), destination: z.string().default('stderr') })
    .prefault({}),
};

export const WatchConfig = z.strictObject({
  ...common,
  /** EIP-2335 keystore with the BLS key, and the file with its password. */
  keystore: path,
  keystorePasswordFile: path,
  /** Set it once the key has signed: a missing journal is then an error and not a fresh start. */
  expectJournal: z.boolean().default(false),
  /** Epochs for which batches are kept for others. */
  retentionEpochs: z.int().min(16).max(1_000_000).default(44_640),
  /** Write the record of every report to dataDir/archive. */
  archive: z.boolean().default(true),
  /** Epochs for which records and evidence stay in dataDir/archive; 0 keeps all. 133,920 are 93 days of one-minute epochs. */
  archiveEpochs: z
    .int()
    .min(0)
    .max(100_000_000)
    .refine((epochs) => epochs === 0 || epochs >= 16, 'is 0, which keeps all, or at least 16')
    .default(133_920),
  /** Well-known hosts in other networks, asked before a provider is blamed. */
  controls: z.array(control).max(8).default([]),
  /** Names that the resolver must know, and know as the second does, before a provider is blamed; they have steady addresses. */
  controlNames: z.array(hostName).max(4).default([]),
  /** DNS servers for a second opinion before a missing name is blamed on its provider. */
  secondResolvers: z
    .array(z.union([z.ipv4(), z.ipv6()]))
    .max(4)
    .default([]),
  /** JSON-RPC endpoints of measured chains that the operator trusts; `rpc` is one. See docs/decisions/0012-heads.md. */
  references: z
    .array(z.url({ protocol: /^https?$/ }))
    .max(7)
    .default([]),
  /** Who is asked what time it is: none, or at least three, of which more than half must agree. */
  ntpServers: z
    .array(ntpServer)
    .max(8)
    .refine(
      (servers) => servers.length === 0 || servers.length >= NTP_SERVERS_MIN,
      'none, or at least 3: else one can lie',
    )
    .default([]),
  /** Only for a devnet: targets on this machine are otherwise refused. */
  allowLoopbackTargets: z.boolean().default(false),
});
export type WatchConfig = z.infer<typeof WatchConfig>;

export const AggregateConfig = z.strictObject(common);
export type AggregateConfig = z.infer<typeof AggregateConfig>;

const PATHS = ['deployment', 'dataDir', 'submitterKeyFile', 'keystore', 'keystorePasswordFile'] as const;

/**
 * Reads a YAML (or JSON) file against a schema; relative paths in it are relative to the file.
 * @throws PlumblineError `config` naming the file, the setting and what it must be
 */
export async function readConfig<T extends object>(file: string, schema: z.ZodType<T>): Promise<T> {
  const config = check(file, schema, await readYaml(file)) as Record<string, unknown>;
  for (const name of PATHS) {
    const value = config[name];
    if (typeof value === 'string' && !isAbsolute(value)) config[name] = join(dirname(file), value);
  }
  return config as T;
}

export async function readDeployment(file: string): Promise<Deployment> {
  return check(file, Deployment, await readYaml(file));
}

async function readYaml(file: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new PlumblineError(
      'config',
      `${file}: cannot be read (${errorCode(error)}); check the path`,
      { file },
      error,
    );
  }
  if (text.length > CONFIG_BYTES_MAX) {
    throw new PlumblineError(
      'config',
      `${file}: ${text.length} characters, at most ${CONFIG_BYTES_MAX}; check the path`,
    );
  }
  try {
    const document = parseDocument(text);
    if (document.errors.length > 0) throw document.errors[0];
    // Turning keys that are lists or maps into text takes hours where they stand in each other.
    visit(document, {
      Pair: (_, { key }) => {
        if (!isScalar(key)) throw new RangeError('a list or map stands where the name of a setting belongs');
      },
    });
    return document.toJS({ maxAliasCount: 16 });
  } catch (error) {
    throw new PlumblineError('config', `${file}: is not YAML: ${errorMessage(error)}`, { file }, error);
  }
}

function check<T>(file: string, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  const what = result.error.issues
    .map((issue) => `${issue.path.length === 0 ? 'the file' : issue.path.join('.')}: ${issue.message}`)
    .join('; ')
    // Names come from the file, and a message is one line.
    .replaceAll(/\s+/g, ' ');
  throw new PlumblineError('config', `${file}: ${what}`, { file });
}
