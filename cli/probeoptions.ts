import { SERVICE_KIND } from '../protocol/service.ts';

const { http, jsonRpc, websocket, tcp, tls, dns } = SERVICE_KIND;

/** As people write them: http and json-rpc stand after `--kind`, the others are schemes. */
const NAMES: Readonly<Record<number, string>> = {
  [http]: 'http',
  [jsonRpc]: 'json-rpc',
  [websocket]: 'ws',
  [tcp]: 'tcp',
  [tls]: 'tls',
  [dns]: 'dns',
};

/** The options that mean something to some kinds alone; whatever is not here is for all. */
const TAKEN_BY: Readonly<Record<string, readonly number[]>> = {
  '--status': [http, tls, dns],
  '--method': [http],
  '--digest': [http, jsonRpc, websocket, dns],
  '--kind': [http, jsonRpc],
  '--request': [jsonRpc],
  '--path': [jsonRpc],
  '--message': [websocket],
  '--skip': [websocket],
  '--keep-alive': [http],
  '--extra': [http, jsonRpc, websocket],
};
/** What `--extra` is made of when it is not given itself. */
const SETS_EXTRA: readonly string[] = ['--request', '--path', '--message', '--skip', '--keep-alive'];

/** Why these options are not for such a probe, or not together: one that changes nothing would be believed to. Undefined: they are. */
export function misfitOf(kind: number, given: readonly string[]): string | undefined {
  for (const option of given) {
    const kinds = TAKEN_BY[option];
    if (kinds === undefined || kinds.includes(kind)) continue;
    return `${option} is not for ${NAMES[kind]}: ${listOf(kinds.map((one) => NAMES[one]!))} it; leave it out`;
  }
  const double = given.includes('--extra') ? given.find((option) => SETS_EXTRA.includes(option)) : undefined;
  if (double !== undefined) return `--extra says already what ${double} would; leave one of them out`;
  if (given.includes('--skip') && !given.includes('--message'))
    return '--skip passes messages over: add --message TEXT';
  return undefined;
}

/** "only http takes", "http, tls and dns take". */
function listOf(names: readonly string[]): string {
  if (names.length === 1) return `only ${names[0]} takes`;
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)} take`;
}
