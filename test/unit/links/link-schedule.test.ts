/** A route that sends at some times only. */
process.env.TZ = 'UTC';

import t from 'tap';
import type { RouteConfig } from '../../../src/core/config.js';
import { linkConfig, startLink } from '../../support/links.js';
import { ManualClock } from '../../support/manual-clock.js';
import { eventually } from '../../support/peers.js';
import { friendly, scriptedBroker } from '../../support/scripted-broker.js';

const MINUTE = 60_000;

t.test(
  'outside of its schedule a route sends nothing; the others do, and afterwards it sends all of it in order',
  async (t) => {
    // 2026-01-01T00:00Z
    const clock = new ManualClock();
    const far = await scriptedBroker(t, friendly);
    const night: RouteConfig = {
      direction: 'out',
      filter: 'night/#',
      to: '{topic}',
      qos: 1,
      schedule: ['00:10-00:20'],
    };
    const config = linkConfig(far.url, [night, { direction: 'out', filter: 'day/#', to: '{topic}', qos: 1 }], {
      keepAlive: 0,
    });
    const { router, links, is } = await startLink(t, config, { clock });
    await is('up');
    const sent = () => far.connections.flatMap(({ publishes }) => publishes.map(({ topic }) => topic));
    const put = (topic: string, qos: 0 | 1 = 1) => router.put(topic, '1', { qos, receivedAt: clock.now() });
    put('night/1');
    put('day/1');
    put('night/2');
    put('night/never', 0);
    await eventually(() => sent().includes('day/1'));
    await clock.advance(9 * MINUTE);
    t.strictSame(sent(), ['day/1']);
    t.match(links.links()[0], { queued: 2, dropped: 1 }, 'QoS 0 does not wait');
    await clock.advance(MINUTE);
    await eventually(() => links.links()[0]!.queued === 0);
    put('night/3');
    put('night/live', 0);
    await eventually(() => sent().length === 5);
    t.strictSame(sent(), ['day/1', 'night/1', 'night/2', 'night/3', 'night/live']);
    await clock.advance(10 * MINUTE);
    put('night/4');
    put('day/2');
    await eventually(() => sent().includes('day/2'));
    await eventually(() => links.links()[0]!.queued === 1);
    t.notOk(sent().includes('night/4'));
  },
);
