import { errorMessage } from '../../protocol/error.ts';
import { REASON } from '../../protocol/reason.ts';
import type { ProbeScheme, ProbeUrl } from './egress.ts';
import type { ProbeTools } from './line.ts';
import { blankResult, type ProbeResult } from './result.ts';
import type { ServiceTarget } from './target.ts';

/** How one kind of service is probed; must not reject, must end when the signal aborts. */
export type Probe = (tools: ProbeTools, target: ServiceTarget, signal: AbortSignal) => Promise<ProbeResult>;

/** A probe of URLs with these schemes that the egress policy allows; others get `egressRefused`, and no load is sent. */
export function checkedProbe(
  schemes: readonly ProbeScheme[],
  probe: (tools: ProbeTools, target: ServiceTarget, url: ProbeUrl, signal: AbortSignal) => Promise<ProbeResult>,
): Probe {
  return async (tools, target, signal) => {
    let url: ProbeUrl;
    try {
      url = tools.egress.checkUrl(target.url, schemes);
    } catch (error) {
      return blankResult(REASON.egressRefused, errorMessage(error));
    }
    return probe(tools, target, url, signal);
  };
}
