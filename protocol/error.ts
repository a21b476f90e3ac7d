/**
 * The one error base of Plumbline: a stable code to branch on, the evidence, and a message that says what to do.
 * `message` names the thing, the bound and the remedy; `evidence` never holds a secret.
 */
export class PlumblineError extends Error {
  override readonly name = 'PlumblineError';
  readonly code: string;
  readonly evidence: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, evidence: Record<string, unknown> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.evidence = evidence;
  }
}

/** The code of any thrown value: ours, Node's (`ECONNREFUSED`), or `unexpected`. */
export function errorCode(error: unknown): string {
  if (error && typeof error === 'object' && 'code' in error && typeof error.code === 'string') return error.code;
  return 'unexpected';
}

/** One line for a log or a screen, whatever was thrown. */
export function errorMessage(error: unknown): string {
  if (error instanceof Error) return error.message.split('\n')[0] ?? error.message;
  return String(error);
}
