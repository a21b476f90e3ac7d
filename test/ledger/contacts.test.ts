import { expect, test } from 'vitest';
import { CONTACTS_MILLIS_MIN, createContacts } from '../../ledger/contacts.ts';
import type { Contact } from '../../platform/contact.ts';
import { silentLog } from '../../platform/log.ts';
import { contactsOf } from '../support/simnet/contacts.ts';
import { createSimnet } from '../support/simnet/simnet.ts';

/** A reader whose chain answers when the test says so. */
function reader() {
  const asked: number[] = [];
  const told: (readonly Contact[])[] = [];
  const state = { millis: 5_000_000, isFailing: false };
  let answer: () => void = () => {};
  const tell = createContacts({
    chain: {
      contactsAt: (epoch) =>
        new Promise((resolve, reject) => {
          asked.push(epoch);
          answer = () => (state.isFailing ? reject(new Error('no answer')) : resolve([]));
        }),
    },
    network: { know: (contacts) => void told.push(contacts) },
    clock: { now: () => state.millis },
    log: silentLog,
  });
  return { asked, told, state, tell, answer: () => answer() };
}

test('the addresses of seats are read at the start, and again when the last read is old enough', async () => {
  const { asked, told, state, tell, answer } = reader();
  const first = tell(3);
  answer();
  await first;
  state.millis += CONTACTS_MILLIS_MIN - 1;
  await tell(4);
  expect([asked, told.length]).toEqual([[3], 1]);
  state.millis += 1;
  const second = tell(5);
  answer();
  await second;
  expect([asked, told.length]).toEqual([[3, 5], 2]);
  // A clock that was set back by an hour must not stop it for an hour.
  state.millis -= 3_600_000;
  void tell(6);
  expect(asked).toEqual([3, 5, 6]);
});

test('one read at a time, and one that failed is repeated with the next epoch', async () => {
  const { asked, told, state, tell, answer } = reader();
  state.isFailing = true;
  const first = tell(0);
  await tell(1);
  expect(asked).toEqual([0]);
  answer();
  await first;
  expect(told).toEqual([]);
  state.isFailing = false;
  const next = tell(2);
  answer();
  await next;
  expect([asked, told.length]).toEqual([[0, 2], 1]);
});

test('every program tells its network where the seats of the running set are', async () => {
  const versions = [
    { fromEpoch: 0, seats: [0, 1, 2, 3] },
    { fromEpoch: 4, seats: [0, 1, 2] },
  ];
  const net = await createSimnet({ aggregator: true, versions });
  await net.start();
  await net.runTo(1);
  const names = [...net.hosts, net.aggregator].map(({ name }) => name);
  for (const name of names) expect(net.network.known.get(name)).toEqual(contactsOf(net.setAt(0)));
  await net.runTo(4 + CONTACTS_MILLIS_MIN / (1000 * net.facts.calendar.epochSeconds), 10);
  for (const name of names) expect(net.network.known.get(name)).toEqual(contactsOf(net.setAt(4)));
});
