import type { Log } from '../../../platform/log.ts';

export type Line = { readonly level: string; readonly fields: Record<string, unknown>; readonly message: string };

/** A log that a test can read. */
export function recordingLog(lines: Line[], extra: Record<string, unknown> = {}): Log {
  const at = (level: string) => (fields: Record<string, unknown>, message: string) => {
    lines.push({ level, fields: { ...extra, ...fields }, message });
  };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => recordingLog(lines, { ...extra, ...fields }),
  };
}
