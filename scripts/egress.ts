/**
 * The egress policy for whoever enforces it outside of the program: `node scripts/egress.ts` prints an nftables ruleset and a
 * drop-in for systemd, as docs/OPERATORS.md shows them. The lists are those of platform/egress.ts.
 */
import { deniedSubnets, PORTS_PRIVILEGED } from '../platform/egress.ts';

const COLUMNS_MAX = 110;

/** @param user who runs the watcher: a name, or a number */
export function nftRules(user: string): string {
  const { ipv4, ipv6 } = deniedSubnets();
  const set = (name: string, type: string, subnets: readonly string[]) =>
    `  set ${name} {\n    type ${type}\n    flags interval\n    elements = {\n${wrapped(subnets, ', ', 6)}\n    }\n  }`;
  return `table inet plumbline
delete table inet plumbline
table inet plumbline {
${set('denied4', 'ipv4_addr', ipv4)}
${set('denied6', 'ipv6_addr', ipv6)}
  set inside4 {
    type ipv4_addr . inet_proto . inet_service
    # your resolver and your rpc, where they are at addresses that are denied otherwise
    elements = { 127.0.0.53 . udp . 53, 127.0.0.53 . tcp . 53, 127.0.0.1 . tcp . 8545 }
  }
  chain output {
    type filter hook output priority filter; policy accept;
    # what the kernel sends by itself has no user, and must not end here
    meta skuid ${user} jump watcher
  }
  chain watcher {
    ct state established,related accept
    ip daddr . meta l4proto . th dport @inside4 accept
    ip daddr @denied4 counter drop
    ip6 daddr @denied6 counter drop
    meta l4proto { tcp, udp } th dport { ${[...PORTS_PRIVILEGED, 53].sort((a, b) => a - b).join(', ')}, 1024-65535 } accept
    counter drop
  }
}
`;
}

/** Checked by systemd with eBPF, in both directions. An address that is allowed and denied is allowed. */
export function systemdRules(): string {
  const { ipv4, ipv6 } = deniedSubnets();
  const deny = wrapped([...ipv4, ...ipv6], ' ', 0).split('\n');
  return `[Service]
${deny.map((line) => `IPAddressDeny=${line}`).join('\n')}
# your resolver and your rpc, where they are at addresses that are denied otherwise
IPAddressAllow=127.0.0.53 127.0.0.1
`;
}

function wrapped(words: readonly string[], separator: string, indent: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of words) {
    if (line !== '' && line.length + separator.length + word.length > COLUMNS_MAX - indent) {
      lines.push(line + separator.trimEnd());
      line = '';
    }
    line += line === '' ? word : separator + word;
  }
  return [...lines, line].map((one) => ' '.repeat(indent) + one).join('\n');
}

if (import.meta.main) console.log(`${nftRules('plumbline')}\n${systemdRules()}`);
