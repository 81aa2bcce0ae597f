/** Functions at both doors of a link, with Debian's mosquitto as far side. */
import t from 'tap';
import type { RouteConfig } from '../../src/core/config.js';
import type { LinkTransform } from '../../src/core/function.js';
import { FakeRouter } from '../support/fake-router.js';
import { changed, FakeTransform, upper } from '../support/fake-transform.js';
import { linkConfig, publish, startLink, startMosquitto, subscriber } from '../support/links.js';
import { eventually, needs } from '../support/peers.js';

const OUT: RouteConfig = { direction: 'out', filter: '#', to: '{topic}', qos: 2 };
const IN: RouteConfig = { direction: 'in', filter: 'cmd/#', to: '{topic}', qos: 2 };
const peers = needs('mosquitto', 'mosquitto_sub', 'mosquitto_pub');

for (const isLate of [false, true]) {
  t.test(
    `what functions make leaves and comes in, the message as it was never; ${isLate ? 'later' : 'at once'}`,
    peers,
    async (t) => {
      const far = await startMosquitto(t);
      const sub = await subscriber(t, far, '#');
      const out = new FakeTransform('secret/#', (input) => [
        changed(input, { topic: 'open/1', payload: 'masked' }),
        changed(input, { topic: 'open/2', payload: `${input.payload.length}` }),
      ]);
      const back = new FakeTransform('cmd/#', upper);
      out.isLate = back.isLate = isLate;
      const answer = () => {
        for (const { calls } of [out, back]) for (const call of calls.splice(0)) call.answer();
      };
      const linkTransform: LinkTransform = (link, direction) =>
        link === 'cloud' ? (direction === 'out' ? out : back) : undefined;
      const router = new FakeRouter();
      router.put('secret/kept', 'old', { retain: true, qos: 1 });
      const { links, is } = await startLink(t, linkConfig(far.url, [OUT, IN]), { router, linkTransform });
      await is('up');
      const seen = async (line: string) => {
        await eventually(() => {
          answer();
          return sub.lines().includes(line);
        });
      };
      await seen('1 0 open/1 masked');
      await seen('1 0 open/2 3');
      for (const qos of [0, 1, 2] as const) {
        router.put(`secret/${qos}`, 'x'.repeat(10 + qos), { qos });
        await seen(`${qos} 0 open/2 ${10 + qos}`);
      }
      router.put('free', 'y', { qos: 1 });
      await seen('1 0 free y');
      t.notOk(
        sub.lines().some((line) => line.includes('secret')),
        'also not what was retained before the link was up',
      );
      for (const qos of ['0', '1', '2']) {
        await publish(t, far, ['-q', qos, '-t', 'cmd/x', '-m', `open${qos}`]);
        await eventually(() => {
          answer();
          return router.published.some(({ payload }) => `${payload}` === `OPEN${qos}`);
        });
      }
      t.notOk(router.published.some(({ payload }) => `${payload}`.startsWith('open')));
      await eventually(() => links.links()[0]!.queued === 0);
      t.match(links.links()[0], { state: 'up', in: 3, dropped: 0 });
    },
  );
}
