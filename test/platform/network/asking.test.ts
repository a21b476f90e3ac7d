import { expect, test } from 'vitest';
import { AskingOrder } from '../../../platform/network/asking.ts';
import { PEERS_REMEMBERED_MAX } from '../../../platform/network/limits.ts';

const PEERS = ['a', 'b', 'c', 'd'];

test('every peer is asked once, in an order that is drawn', () => {
  const draws = [0.9, 0.1, 0.5, 0.3];
  let at = 0;
  expect(new AskingOrder(() => draws[at++]!).of(PEERS)).toEqual(['b', 'd', 'c', 'a']);
});

test('who failed comes last, whoever failed longest ago first, until it answers', () => {
  const order = new AskingOrder(() => 0);
  order.note('b', false);
  order.note('a', false);
  expect(order.of(PEERS)).toEqual(['c', 'd', 'b', 'a']);
  order.note('b', false);
  expect(order.of(PEERS)).toEqual(['c', 'd', 'a', 'b']);
  order.note('a', true);
  expect(order.of(PEERS)).toEqual(['a', 'c', 'd', 'b']);
  expect(order.of(['b'])).toEqual(['b']);
});

test('remembers a bounded number of failures', () => {
  const order = new AskingOrder(() => 0);
  for (let i = 0; i <= PEERS_REMEMBERED_MAX; i++) order.note(`${i}`, false);
  expect(order.of(['0', '1', '2'])).toEqual(['0', '1', '2']);
  order.note('0', false);
  expect(order.of(['0', 'x'])).toEqual(['x', '0']);
});
