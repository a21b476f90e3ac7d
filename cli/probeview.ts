import { probeScreen } from '../dashboard/probe.ts';
import type { ProbeView } from '../dashboard/probesummary.ts';
import type { Paint } from '../dashboard/terminal/text.ts';
import { formatMicros, type Phase } from '../dashboard/waterfall.ts';
import type { ServiceTarget } from '../node/probe/target.ts';
import { addressText } from '../platform/address.ts';
import { toHex } from '../protocol/bytes.ts';
import { REASON, REASONS, reasonName } from '../protocol/reason.ts';
import { SERVICE_KIND } from '../protocol/service.ts';
import { hasAddress, hasDigest, known, type Probed } from './probejson.ts';

export const LOOPBACK_HINT = 'For a service on this machine: --allow-loopback';

const PHASES = ['resolve', 'connect', 'tls', 'first byte', 'transfer'] as const;
/** Kinds whose answer has a code of their protocol; what tls has in its place are days. */
const WITH_CODE: readonly number[] = [
  SERVICE_KIND.http,
  SERVICE_KIND.jsonRpc,
  SERVICE_KIND.websocket,
  SERVICE_KIND.dns,
];

/** What probes of such a URL go through. */
export function phasesOf(isSecure: boolean): Pick<Phase, 'name' | 'isLeftOut'>[] {
  return PHASES.map((name) => ({ name, isLeftOut: name === 'tls' && !isSecure }));
}

export function viewOf(
  { result, judgement, elapsedMicros }: Probed,
  target: ServiceTarget,
  isSecure: boolean,
): ProbeView {
  const micros = [
    result.resolveMicros,
    result.connectMicros,
    result.tlsMicros,
    result.firstByteMicros,
    result.transferMicros,
  ];
  return {
    outcome: judgement.outcome,
    reason: reasonName(judgement.reason),
    phases: phasesOf(isSecure).map((phase, i) => ({ ...phase, micros: known(micros[i]!) })),
    totalMicros: known(result.totalMicros),
    endedMicros: result.reason === REASON.ok ? undefined : elapsedMicros,
    stallMicros: result.stallMicros,
    code: WITH_CODE.includes(target.kind) && result.statusCode > 0 ? result.statusCode : undefined,
    detail: result.detail,
  };
}

/** As `viewOf`, for one line, which has no room for facts: a code that is wrong says what it should have been. */
export function rowOf(probed: Probed, target: ServiceTarget, isSecure: boolean): ProbeView {
  const view = viewOf(probed, target, isSecure);
  if (probed.judgement.reason !== REASON.wrongStatus) return view;
  return { ...view, detail: [view.detail, expectedText(target)].filter((text) => text !== '').join(', ') };
}

export function screenOf(
  target: ServiceTarget,
  { result, judgement }: Probed,
  view: ProbeView,
  showsDigest: boolean,
  columns: number,
  paint: Paint,
): string[] {
  const name = reasonName(judgement.reason);
  const explanation = name in REASONS ? REASONS[name as keyof typeof REASONS].line : '';
  const finality = known(result.finalityMicros);
  const facts = [
    ...(hasAddress(result) ? [addressText(result.address)] : []),
    ...statusText(target.kind, result.statusCode).map((text) =>
      judgement.reason === REASON.wrongStatus ? `${text}, ${expectedText(target)}` : text,
    ),
  ];
  return [
    ...probeScreen([target.url, ...facts], view, explanation, columns, paint),
    ...(finality === undefined ? [] : [`final block  ${formatMicros(finality)} old by this clock`]),
    ...(showsDigest && hasDigest(result) ? [`digest  ${toHex(result.bodyDigest)}`] : []),
    ...(result.detail.includes('loopback') ? [LOOPBACK_HINT] : []),
  ];
}

/** What a status should have been; others are not told by it. */
function expectedText({ kind, expectedStatus }: ServiceTarget): string {
  if (kind === SERVICE_KIND.websocket) return 'expected 101';
  if (kind === SERVICE_KIND.jsonRpc) return 'expected 200';
  return expectedStatus === 0 && kind !== SERVICE_KIND.dns ? 'expected below 400' : `expected ${expectedStatus}`;
}

function statusText(kind: number, code: number): string[] {
  if (kind === SERVICE_KIND.tls && code > 0) return [`certificate valid for ${code} days`];
  return code === 0 ? [] : [kind === SERVICE_KIND.dns ? `response code ${code}` : `status ${code}`];
}
