import t from 'tap';
import { Throttle } from '../../../../src/broker/access/throttle.js';
import type { Log } from '../../../../src/core/log.js';
import { silentLog } from '../../../../src/core/log.js';
import { ManualClock } from '../../../support/manual-clock.js';

function start() {
  const clock = new ManualClock();
  const lines: string[] = [];
  const log: Log = {
    ...silentLog,
    warn: (fields: unknown, message?: string) => void lines.push(`${message} ${JSON.stringify(fields)}`),
  } as Log;
  const throttle = new Throttle({ clock, log });
  /** Fails `times` times, with the answers that are held back given at once. */
  const fail = (host: string, user: string, times = 1) => {
    let delay = 0;
    for (let i = 0; i < times; i++) {
      delay = throttle.failed(host, user);
      if (delay > 0) throttle.released(host);
    }
    return delay;
  };
  return { clock, lines, throttle, fail };
}

t.test('a client with a wrong password blocks itself, for longer each time, and nobody else', async (t) => {
  const { clock, throttle, fail } = start();
  fail('10.0.0.7', 'anna', 4);
  t.equal(throttle.isBlocked('10.0.0.7', 'anna'), false);
  fail('10.0.0.7', 'anna');
  t.equal(throttle.isBlocked('10.0.0.7', 'anna'), true);
  t.equal(throttle.isBlocked('10.0.0.7', 'bert'), false, 'a neighbour behind the same address');
  t.equal(throttle.isBlocked('10.0.0.8', 'anna'), false, 'the same user from elsewhere');
  await clock.advance(1_000);
  t.equal(throttle.isBlocked('10.0.0.7', 'anna'), false);
  fail('10.0.0.7', 'anna');
  await clock.advance(1_999);
  t.equal(throttle.isBlocked('10.0.0.7', 'anna'), true, 'two seconds the second time');
  await clock.advance(1);
  t.equal(throttle.isBlocked('10.0.0.7', 'anna'), false);
  fail('10.0.0.7', 'anna', 20);
  await clock.advance(59_999);
  t.equal(throttle.isBlocked('10.0.0.7', 'anna'), true);
  await clock.advance(1);
  t.equal(throttle.isBlocked('10.0.0.7', 'anna'), false, 'a minute at most');
  throttle.succeeded('10.0.0.7', 'anna');
  fail('10.0.0.7', 'anna', 4);
  t.equal(throttle.isBlocked('10.0.0.7', 'anna'), false, 'success forgives');
});

t.test('one address with many users is blocked, but not those who were in from there before', async (t) => {
  const { throttle, fail } = start();
  throttle.succeeded('10.0.0.7', 'meter');
  for (let i = 0; i < 30; i++) fail('10.0.0.7', `user-${i}`);
  t.equal(throttle.isBlocked('10.0.0.7', 'somebody'), true);
  t.equal(throttle.isBlocked('10.0.0.7', 'meter'), false);
  t.equal(throttle.isBlocked('10.0.0.8', 'somebody'), false);
});

t.test('one user from many addresses: strangers wait, those who were in do not', async (t) => {
  const { clock, throttle, fail } = start();
  throttle.succeeded('10.1.0.1', 'anna');
  for (let i = 0; i < 40; i++) fail(`10.0.0.${i}`, 'anna');
  t.equal(throttle.isBlocked('192.0.2.1', 'anna'), true);
  t.equal(throttle.isBlocked('10.1.0.1', 'anna'), false);
  t.equal(throttle.isBlocked('192.0.2.1', 'bert'), false);
  await clock.advance(10_000);
  t.equal(throttle.isBlocked('192.0.2.1', 'anna'), false, 'nobody can lock her out for more than ten seconds');
});

t.test('the answer comes late from the second failure on; few clients are held back at a time', async (t) => {
  const { throttle } = start();
  t.equal(throttle.failed('10.0.0.7', 'a'), 0);
  t.strictSame(
    [1, 2, 3, 4].map(() => throttle.failed('10.0.0.7', 'a')),
    [100, 200, 400, 800],
  );
  t.equal(throttle.failed('10.0.0.7', 'a'), 0, 'four of one address are held already');
  throttle.released('10.0.0.7');
  t.equal(throttle.failed('10.0.0.7', 'a'), 3_000, 'three seconds at most');
  for (let i = 0; i < 100; i++) throttle.failed(`10.1.0.${i}`, 'b');
  const held = Array.from({ length: 100 }, (_, i) => throttle.failed(`10.1.0.${i}`, 'b')).filter((ms) => ms > 0);
  t.equal(held.length, 60, '64 in all');
});

t.test('a burst is logged at its beginning and at its end, with the count; no user name of any length', async (t) => {
  const { clock, lines, throttle, fail } = start();
  fail('10.0.0.7', 'x'.repeat(60_000), 5);
  for (let i = 0; i < 9_995; i++) t.ok(throttle.isBlocked('10.0.0.7', 'x'.repeat(60_000)) || i < 0);
  t.strictSame(lines, [`login failed {"address":"10.0.0.7","user":"${'x'.repeat(64)}"}`]);
  await clock.advance(75_000);
  t.equal(lines.length, 2);
  t.match(lines[1], /^logins failed, now quiet \{"address":"10.0.0.7","failures":5,"refused":9995,"since":\d+\}$/);
  fail('10.0.0.7', 'anna');
  await clock.advance(75_000);
  t.equal(lines.length, 3, 'one alone has one line');
  t.equal(clock.pending, 0, 'no timer while all is quiet');
});

t.test('bursts from ten thousand addresses are twenty lines and a sum, and the tables are bounded', async (t) => {
  const { clock, lines, throttle, fail } = start();
  for (let i = 0; i < 30_000; i++) fail(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, `user-${i}`);
  t.equal(lines.length, 20);
  t.ok(throttle.size <= 50_000);
  await clock.advance(75_000);
  t.equal(lines.length, 21);
  t.match(lines[20], /^logins failed from many more addresses, now quiet \{"addresses":9980,"failures":29980\}$/);
});

t.test('stopping tells of bursts that are not over', async (t) => {
  const { clock, lines, throttle, fail } = start();
  fail('10.0.0.7', 'anna', 2);
  throttle[Symbol.dispose]();
  t.match(lines[1], /^logins failed, now quiet /);
  t.equal(clock.pending, 0);
});

t.test('who is refused without a look is told at a pace, each address for itself', async (t) => {
  const { clock, throttle, fail } = start();
  t.equal(throttle.pace('10.0.0.7'), 0, 'nothing is known of it');
  fail('10.0.0.7', 'anna', 5);
  fail('10.0.0.8', 'anna', 5);
  const delays = Array.from({ length: 5 }, () => throttle.pace('10.0.0.7'));
  t.same(
    delays,
    [0, 4, 8, 12, 16].map((ms) => ms + delays[0]!),
  );
  t.equal(throttle.pace('10.0.0.8'), delays[0], 'another address does not wait for it');
  await clock.advance(1_000);
  t.equal(throttle.pace('10.0.0.7'), 0);
  let longest = 0;
  for (let i = 0; i < 10_000; i++) longest = Math.max(longest, throttle.pace('10.0.0.7'));
  t.equal(longest, 5_000, 'nobody waits longer');
});
