import { describe, expect, it } from 'vitest';
import { errorCode, errorMessage, PlumblineError } from '../../protocol/error.ts';

describe('errors', () => {
  it('carry a code, a message, evidence and the cause', () => {
    const cause = new Error('deep');
    const error = new PlumblineError('decode', 'batch: too long', { bytes: 3 }, cause);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'PlumblineError', code: 'decode', message: 'batch: too long', cause });
    expect(error.evidence).toEqual({ bytes: 3 });
  });

  it('are told by their code and one line, whatever was thrown', () => {
    expect(errorCode(new PlumblineError('decode', 'x'))).toBe('decode');
    expect(errorCode(Object.assign(new Error('x'), { code: 'ECONNREFUSED' }))).toBe('ECONNREFUSED');
    for (const odd of [undefined, null, 'text', 7, { code: 7 }, new Error('x')])
      expect(errorCode(odd)).toBe('unexpected');
    expect(errorMessage(new Error('first\nsecond'))).toBe('first');
    expect(errorMessage('text')).toBe('text');
    expect(errorMessage(undefined)).toBe('undefined');
  });
});
