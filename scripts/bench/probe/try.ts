import { createMclBls } from '../../../platform/bls/mcl.ts';
import { deriveSecretKey } from '../../../platform/bls/keygen.ts';
import { bigEndian } from '../../../protocol/bytes.ts';
import { systemClock } from '../../../platform/clock.ts';
import { startProberThread } from '../../../node/probe/worker/prober.ts';
import { createProber } from '../../../node/probe/engine.ts';
import { createConsentBook } from '../../../node/probe/consent.ts';
import { createControls } from '../../../node/probe/control.ts';
import { createEgressPolicy } from '../../../node/probe/egress.ts';
import { dnsResolver } from '../../../node/probe/resolve.ts';
import { createStallMeter } from '../../../node/probe/stall.ts';
import { startTools } from './tools.ts';
import { ours, blackbox, curl, targetAt, type Seen } from './sides.ts';

const tools = await startTools(50);
const clock = systemClock();
const log = { info: console.log, warn: console.log, error: console.log };
let prober, consent: any, stop = async () => {};
if (process.argv.includes('--in-thread')) {
  const t = { clock, egress: createEgressPolicy({ allowLoopback: true }), resolvers: { first: dnsResolver(), second: undefined }, stall: createStallMeter(clock) };
  consent = createConsentBook(t);
  prober = createProber({ tools: t, consent, controls: createControls([], clock), log });
} else {
  const th = await startProberThread({ settings: { allowLoopback: true, secondResolvers: [], controls: [] }, clock, log });
  prober = th.prober; consent = th.consent; stop = th.stop;
}
await consent.refreshAll(tools.ports.map(targetAt));
const q = (a: number[], p: number) => [...a].sort((x, y) => x - y)[Math.ceil(a.length * p) - 1]!;
function show(name: string, s: Seen) {
  if (process.env.WORST && name.startsWith('ours')) console.log(s.pairs.map((p, i) => ({ i: (p as any).slot, port: p.port, e: Math.round(p.firstByteMicros - p.trueMicros), tot: Math.round(p.totalMicros - p.trueMicros), c: (p as any).connectMicros, st: (p as any).stallMicros })).sort((a, b) => Math.abs(b.e) - Math.abs(a.e)).slice(0, 25).map((x) => JSON.stringify(x)).join('\n'));
  const e = s.pairs.map((p) => Math.abs(p.firstByteMicros - p.trueMicros) / 1000);
  const t = s.pairs.map((p) => Math.abs(p.totalMicros - p.trueMicros) / 1000);
  console.log(name.padEnd(30), s.pairs.length, 'lost', s.lost, 'ttfb p50', q(e, .5)?.toFixed(3), 'p90', q(e,.9)?.toFixed(3), 'p99', q(e, .99)?.toFixed(3), 'max', q(e, 1)?.toFixed(3), 'total p50', q(t, .5)?.toFixed(3), 'p99', q(t, .99)?.toFixed(3), (s.pairs.length / s.seconds).toFixed(0) + '/s');
}
const bls = await createMclBls();
const k = deriveSecretKey(bigEndian(1, 32)), m = new Uint8Array(32).fill(7), pk = bls.publicKey(k), sg = bls.sign(k, m);
let burning = false, verified = 0;
async function burn() { burning = true; while (burning) { for (let i = 0; i < 20; i++) { if (!bls.verify(pk, m, sg)) throw 1; verified++; } await new Promise((r) => setImmediate(r)); } }
const rates = (process.env.RATES ?? '50,500').split(',').map(Number);
const secs = Number(process.env.SECS ?? 6);
for (const load of (process.env.LOADS ?? 'idle,bls').split(',')) {
  if (load === 'bls') void burn();
  for (const rate of rates) {
    show(`ours ${load} ${rate}`, await ours(tools, prober, rate, Math.min(8000, rate * secs)));
    if (!process.env.NOBB && rate < 900) show(`blackbox ${load} ${rate}`, await blackbox(tools, rate, rate * secs, 256));
  }
  if (!process.env.NOBB) show(`curl ${load}`, await curl(tools, 200));
  if (!process.env.NOBB) for (const c of [4, 16, 64]) show(`blackbox ${load} max ${c}`, await blackbox(tools, 0, 2000, c));
  burning = false;
}
console.log({ verified });
await stop(); tools.stop(); process.exit(0);
