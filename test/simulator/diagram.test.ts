import { expect, test } from 'vitest';
import { Diagram } from './diagram.ts';

test('a sequence diagram has a lane a host and a row a message, with what became of it there', () => {
  const diagram = new Diagram(['w0', 'w1', 'w2', 'w3']);
  const hop = { from: 'w0', topic: 'commit', data: new Uint8Array() } as const;
  diagram.sent('   1.000', 'w0', 'commit', 'a', 'commit 0');
  diagram.judged({ ...hop, to: 'w1', id: 'a', verdict: 'accept' });
  diagram.judged({ ...hop, to: 'w2', id: 'a', verdict: 'conflict' });
  diagram.judged({ ...hop, to: 'w2', id: 'unheard of', verdict: 'accept' });
  diagram.event('   1.200', 'w3 dies: crash');
  diagram.event('   1.300', 'the network heals');
  expect(diagram.lines().slice(1)).toEqual([
    '         w0 w1 w2 w3',
    '   1.000  C  •  ×  │  commit 0',
    '   1.200  │  │  │  †  w3 dies: crash',
    '   1.300  │  │  │  │  the network heals',
  ]);
});

test('only the last rows are kept', () => {
  const diagram = new Diagram(['w0']);
  for (let i = 0; i < 500; i++) diagram.event(`${i}`, `event ${i}`);
  expect(diagram.lines()).toHaveLength(122);
  expect(diagram.lines().at(-1)).toContain('event 499');
});
