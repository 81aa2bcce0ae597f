/** Which endpoint is next, after which wait, and when a better one is worth the move. */
import fc from 'fast-check';
import t from 'tap';
import { type Endpoint, endpointOf } from '../../../src/links/endpoint.js';
import { Endpoints, type EndpointsOptions, SHORTEST_WAIT } from '../../../src/links/endpoints.js';

const named = (...hosts: string[]): Endpoint[] => hosts.map((host) => endpointOf(`mqtt://${host}`));
const [a, b, c] = ['mqtt://a:1883', 'mqtt://b:1883', 'mqtt://c:1883'] as const;

function endpoints(hosts: readonly string[], more: Partial<EndpointsOptions> = {}): Endpoints {
  const made = new Endpoints({ choose: 'first', failBack: 60_000, maxWait: 30_000, random: () => 0, ...more });
  made.offer(named(...hosts));
  return made;
}

t.test('one round tries each once, without long waits; then the next begins after a wait', async (t) => {
  const list = endpoints(['a', 'b', 'c'], { random: () => 0.99 });
  let now = 0;
  const tries = Array.from({ length: 6 }, () => {
    const { endpoint, wait } = list.next(now);
    now += wait;
    list.lost(endpoint!.key, 'failed', now);
    return [endpoint!.host, wait <= SHORTEST_WAIT];
  });
  t.strictSame(
    tries.map(([host]) => host),
    ['a', 'b', 'c', 'a', 'b', 'c'],
  );
  t.strictSame(
    tries.map(([, isSoon]) => isSoon),
    [true, true, true, false, true, true],
  );
});

t.test(
  'waits are decorrelated jitter: each between the shortest and three times the one before, bounded',
  async (t) => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 0.999_999, noNaN: true }), { minLength: 20, maxLength: 60 }),
        (chances) => {
          let at = 0;
          const list = endpoints(['a'], { random: () => chances[at++ % chances.length]!, maxWait: 5_000 });
          list.lost(list.next(0).endpoint!.key, 'failed', 0);
          let before = SHORTEST_WAIT;
          for (let i = 0; i < chances.length; i++) {
            const { wait } = list.next(0);
            if (wait < SHORTEST_WAIT || wait > Math.min(5_000, before * 3) + 1) return false;
            before = wait;
            list.lost(a, 'failed', 0);
          }
          return true;
        },
      ),
    );
    const spread = new Set(
      Array.from({ length: 1_000 }, () => {
        const list = endpoints(['a'], { random: Math.random });
        list.next(0);
        for (let i = 0; i < 8; i++) {
          list.lost(a, 'failed', 0);
          list.next(0);
        }
        list.lost(a, 'failed', 0);
        return Math.floor(list.next(0).wait / 100);
      }),
    );
    t.ok(spread.size > 30, `a thousand links come back at ${spread.size} different tenths of a second`);
  },
);

t.test('a connection that lasted resets the waits, and its endpoint is first again', async (t) => {
  const list = endpoints(['a', 'b'], { random: () => 0.5 });
  list.next(0);
  list.connected(a, 0);
  list.lost(a, 'failed', 10_000);
  t.match(list.next(10_000), { endpoint: { host: 'a' }, wait: 500 });
  list.lost(a, 'failed', 20_000);
  t.match(list.next(20_000), { endpoint: { host: 'b' } });
});

t.test('what took connections and delivered nothing comes last for a long time, and longer each time', async (t) => {
  const list = endpoints(['a', 'b']);
  list.next(0);
  list.connected(a, 0);
  list.lost(a, 'wedged', 45_000);
  t.match(list.next(45_000), { endpoint: { host: 'b' }, wait: 0 }, 'the other at once');
  list.connected(b, 45_000);
  list.delivered(b, 5, 46_000);
  list.lost(b, 'failed', 100_000);
  t.match(list.next(100_000), { endpoint: { host: 'b' } }, 'b works, a is held');
  list.connected(b, 100_000);
  list.lost(b, 'failed', 200_000);
  t.match(list.next(200_000), { endpoint: { host: 'a' } }, 'not for ever');
  list.connected(a, 200_000);
  list.lost(a, 'wedged', 245_000);
  t.match(list.view(245_000)[0], { state: 'failed', isHeld: true });
  t.match(list.view(245_000 + 239_000)[0], { isHeld: true }, 'twice as long');
  t.match(list.view(245_000 + 241_000)[0], { isHeld: false });
});

t.test('fail-back: the preferred one is probed, and must have been good for the whole time', async (t) => {
  const list = endpoints(['a', 'b', 'c']);
  list.lost(list.next(0).endpoint!.key, 'failed', 0);
  list.next(0);
  list.connected(b, 0);
  t.strictSame(
    list.probes(0).map(({ host }) => host),
    ['a'],
    'only what is better is probed',
  );
  t.strictSame(list.probes(1_000), [], 'not all the time');
  list.probed(a, 3, 1_000);
  t.equal(list.better(60_999), undefined);
  list.probed(a, undefined, 30_000);
  t.equal(list.better(61_000), undefined, 'it failed in between');
  list.probed(a, 3, 45_000);
  t.equal(list.better(104_999), undefined);
  t.match(list.better(105_000), { host: 'a' });
  list.moving(a, 105_000);
  t.match(list.next(105_000), { endpoint: { host: 'a' }, wait: 0 });
  list.connected(a, 105_000);
  t.strictSame(list.probes(200_000), [], 'on the preferred one nothing is probed');
});

t.test('who relapses must be good for twice as long', async (t) => {
  const list = endpoints(['a', 'b']);
  let now = 0;
  const needed: number[] = [];
  list.lost(list.next(now).endpoint!.key, 'failed', now);
  for (let round = 0; round < 3; round++) {
    list.next(now);
    list.connected(b, now);
    list.probed(a, 1, now);
    const from = now;
    while (list.better(now) === undefined) now += 1_000;
    needed.push(now - from);
    list.moving(a, now);
    list.next(now);
    list.connected(a, now);
    list.lost(a, 'wedged', now + 5_000);
    now += 5_000;
  }
  t.strictSame(needed, [60_000, 120_000, 240_000]);
});

t.test('nearest: by measured time, with a margin', async (t) => {
  const list = endpoints(['a', 'b', 'c'], { choose: 'nearest' });
  t.equal(list.unmeasured().length, 3);
  list.probed(a, 80, 0);
  list.probed(b, 20, 0);
  list.probed(c, undefined, 0);
  t.match(list.next(0), { endpoint: { host: 'b' } });
  list.connected(b, 0);
  list.delivered(b, 20, 0);
  t.same(
    list
      .probes(0)
      .map(({ host }) => host)
      .sort(),
    ['a', 'c'],
    'all others',
  );
  list.probed(c, 19, 1_000);
  t.equal(list.better(100_000), undefined, 'a little nearer is not worth it');
  for (let at = 1_000; at < 5_000; at += 1_000) list.probed(c, 2, at);
  t.match(list.better(100_000), { host: 'c' });
  list.lost(b, 'wedged', 100_000);
  t.match(list.next(100_000), { endpoint: { host: 'c' } });
});

t.test('endpoints come and go; what is known stays', async (t) => {
  const list = endpoints(['a', 'b']);
  list.lost(list.next(0).endpoint!.key, 'failed', 0);
  list.offer(named('b', 'a', 'c'));
  t.match(list.view(0), [{ endpoint: { host: 'b' } }, { endpoint: { host: 'a' }, state: 'failed', isHeld: true }, {}]);
  list.offer([]);
  t.match(list.next(0), { endpoint: undefined });
  list.offer(named('c'));
  t.match(list.next(0), { endpoint: { host: 'c' } });
});

t.test('whatever happens: there is always a next one, and waits are bounded', async () => {
  const event = fc.record({
    what: fc.constantFrom('failed', 'wedged', 'connected', 'delivered', 'probed', 'moving', 'offer'),
    which: fc.nat(2),
    after: fc.nat(100_000),
    ms: fc.option(fc.nat(500), { nil: undefined }),
    choose: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), fc.boolean(), (events, nearest) => {
      const list = endpoints(['a', 'b', 'c'], { choose: nearest ? 'nearest' : 'first', random: Math.random });
      let now = 0;
      for (const { what, which, after, ms } of events) {
        now += after;
        const key = [a, b, c][which]!;
        if (what === 'failed' || what === 'wedged') list.lost(key, what, now);
        else if (what === 'connected') list.connected(key, now);
        else if (what === 'delivered') list.delivered(key, ms ?? 1, now);
        else if (what === 'probed') list.probed(key, ms, now);
        else if (what === 'moving') list.moving(key, now);
        else list.offer(named(...['a', 'b', 'c'].slice(which)));
        list.probes(now);
        list.better(now);
        const { endpoint, wait } = list.next(now);
        if (endpoint === undefined || wait < 0 || wait > 30_000) return false;
      }
      return true;
    }),
  );
});
