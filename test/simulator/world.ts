import { createHash } from 'node:crypto';
import type { Bls } from '../../platform/bls/bls.ts';
import { createBls } from '../../platform/bls/create.ts';
import { toHex } from '../../protocol/bytes.ts';
import { epochAt } from '../../protocol/time.ts';
import { createIdealBls } from '../support/simnet/bls.ts';
import { idOf } from '../support/simnet/network.ts';
import { drawBelow } from '../support/simnet/random.ts';
import { createSimnet, type Simnet } from '../support/simnet/simnet.ts';
import { Checks } from './checks.ts';
import { Coalition } from './coalition.ts';
import { Diagram } from './diagram.ts';
import { Evidence } from './evidence.ts';
import { Machines } from './faults.ts';
import { disturb } from './mischief.ts';
import { EPOCH_MILLIS, PLAN_OPTIONS, type Plan, type PlanOptions, planOf } from './plan.ts';
import { Rng } from './rng.ts';
import { storm } from './weather.ts';

const STEP_MILLIS = 400;
const VIEW_MILLIS = 1_200;
/** What may be on its way at the end gets this long. */
const LAST_MILLIS = 6_000;

export type Outcome = {
  readonly seed: number;
  readonly violations: readonly string[];
  /** sha256 over everything that happened, hex. */
  readonly hash: string;
  readonly watchers: number;
  readonly nearBound: boolean;
  readonly realBls: boolean;
  readonly reports: number;
  readonly epochs: number;
  /** Views that began after the healing until a report landed. */
  readonly viewsToLand: number;
  /** Everything that happened, when it was asked for. */
  readonly trace: readonly string[];
  /** The last of it as a sequence diagram. */
  readonly diagram: readonly string[];
};

/** Runs the world of a seed from its beginning to its end. The same seed gives the same outcome. */
export async function runWorld(seed: number, options: PlanOptions = PLAN_OPTIONS, trace = false): Promise<Outcome> {
  const plan = planOf(seed, options);
  const bls = plan.realBls ? remembering(await createBls(() => {})) : createIdealBls();
  const { services, slotsPerEpoch, aggregator, finalDepth, stakes, versions, terms, assignmentPeriodEpochs } = plan;
  const parameters = { assignmentPeriodEpochs };
  const world = { seed, stakes, services, slotsPerEpoch, aggregator, bls, finalDepth, versions, terms, parameters };
  const net = await createSimnet(world);
  const genesis = net.facts.calendar.genesis * 1000;
  net.network.isRecording = false;
  const hash = createHash('sha256');
  const lines: string[] = [];
  const diagram = new Diagram([...net.hosts.map(({ name }) => name), ...(aggregator ? [net.aggregator.name] : [])]);
  const at = () => ((net.clock.now() - genesis) / 1000).toFixed(3).padStart(8);
  const write = (text: string): void => {
    hash.update(`${at()} ${text}\n`);
    if (trace) lines.push(`${at()} ${text}`);
  };
  const note = (text: string): void => {
    write(text);
    if (trace) diagram.event(at(), text);
  };
  const evidence = new Evidence(net);
  evidence.onSent = ({ from, topic, data }, what) => {
    write(`${from} → ${what}`);
    if (trace) diagram.sent(at(), from, topic, idOf(topic, data), what);
  };
  if (trace) net.network.onJudged = (judged) => diagram.judged(judged);
  const checks = new Checks(net, plan, evidence, note);
  const machines = new Machines(net, plan, new Rng(seed, 'machines'), note);
  const calm = storm(net, plan, new Rng(seed, 'weather'));
  sights(net, plan);
  new Coalition(net, plan, new Rng(seed, 'coalition'), evidence, disturb);

  net.hosts.forEach((host, seat) => {
    const startAt = plan.startsAt[seat]!;
    if (startAt === 0) void machines.start(host);
    else net.clock.after(genesis + startAt - net.clock.now(), () => void machines.start(host));
  });
  if (plan.aggregator) await net.aggregator.start();
  const advance = async (until: number) => {
    while (net.clock.now() < until && checks.violations.length === 0) {
      await net.clock.advanceTo(Math.min(until, net.clock.now() + STEP_MILLIS));
      checks.step();
    }
  };
  const healedAt = genesis + plan.healAt;
  await advance(healedAt);
  calm();
  machines.heal();
  note('the network heals');
  const viewsToLand = await untilLanded(net, plan, checks, healedAt);
  await advance(genesis + plan.endAt);
  for (let waited = 0; waited < LAST_MILLIS && !checks.agreed(); waited += STEP_MILLIS)
    await net.clock.advance(STEP_MILLIS);
  if (checks.violations.length === 0) checks.end(healedAt);
  for (const host of net.hosts) host.kill();
  return {
    seed,
    violations: checks.violations,
    hash: hash.digest('hex'),
    watchers: stakes.length,
    nearBound: plan.nearBound,
    realBls: plan.realBls,
    reports: checks.reports,
    epochs: epochAt(net.facts.calendar, net.clock.now()),
    viewsToLand,
    trace: lines,
    diagram: trace ? diagram.lines() : [],
  };
}

/** A report lands within so many views of the healing: those of an epoch under way, each liar's, and one honest leader's. */
async function untilLanded(net: Simnet, plan: Plan, checks: Checks, healedAt: number): Promise<number> {
  const viewsMax = 2 * plan.members.length + 12;
  const head = toHex(net.chain.head.reportHash);
  for (let views = 0; views <= viewsMax; ) {
    if (checks.violations.length > 0 || toHex(net.chain.head.reportHash) !== head) return views;
    await net.clock.advance(STEP_MILLIS);
    checks.step();
    views = Math.ceil((net.clock.now() - healedAt) / VIEW_MILLIS);
  }
  checks.violated(`no report landed within ${viewsMax} views after the network healed`);
  return viewsMax;
}

/** What honest watchers see: services that are sometimes away, or slow, from where a part of them stands. */
function sights(net: Simnet, plan: Plan): void {
  const { seed, outagePercent } = plan;
  net.hosts.forEach((host, seat) => {
    const usual = host.sight;
    host.sight = (service, slot, start) => {
      const epoch = Math.round(start / EPOCH_MILLIS);
      if (drawBelow(100, seed, 'outage', service, epoch) >= outagePercent) return usual(service, slot, start);
      const share = drawBelow(100, seed, 'share', service, epoch);
      if (drawBelow(100, seed, 'sees it', seat, service, epoch) >= share) return usual(service, slot, start);
      return slot % 2 === 0 ? undefined : 700_000;
    };
  });
}

/** Real signatures, each checked once: all hosts of a world live in one process. */
function remembering(bls: Bls): Bls {
  const known = new Map<string, boolean>();
  return {
    ...bls,
    verify: (publicKey, message, signature) => {
      const key = `${toHex(publicKey)}${toHex(message)}${toHex(signature)}`;
      const before = known.get(key);
      if (before !== undefined) return before;
      const valid = bls.verify(publicKey, message, signature);
      known.set(key, valid);
      return valid;
    },
  };
}
