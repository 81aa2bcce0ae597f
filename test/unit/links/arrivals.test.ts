import t from 'tap';
import type { RouteConfig } from '../../../src/core/config.js';
import { arrivalsOf } from '../../../src/links/arrivals.js';
import { compress } from '../../../src/links/content-encoding.js';
import type { Incoming } from '../../../src/links/far-side.js';
import type { Received } from '../../../src/links/loops.js';
import { RouteFigures } from '../../../src/links/route-figures.js';
import { compileRoutes } from '../../../src/links/rules.js';
import { NOON } from '../../support/routes.js';

function arrive(routes: readonly Partial<RouteConfig>[], incoming: Partial<Incoming & Pick<Received, 'stampedQoS'>>) {
  const plain: RouteConfig = { direction: 'in', filter: 'far/#', to: 'near/{topic:1}', qos: 1 };
  const configs = routes.map((route) => ({ ...plain, ...route }));
  const rules = compileRoutes(configs, 'g').in;
  const whole = {
    topic: 'far/x',
    payload: Buffer.from('5'),
    qos: 2,
    retain: false,
    properties: undefined,
    expirySeconds: undefined,
    ...incoming,
  } as Incoming;
  const figures = new RouteFigures(configs);
  const { messages, ...rest } = arrivalsOf(rules, whole, 'link:cloud', NOON, (properties) => properties, figures);
  return {
    ...rest,
    figures: figures.view().map((route) => route.in),
    messages: messages.map((message) => ({ ...message, payload: message.payload.toString() })),
  };
}

t.test('names, QoS, retain and expiry of the route', async (t) => {
  const { messages, dropped } = arrive([{ retain: 'set', expiry: { ms: 5_000, mode: 'cap' } }], { expirySeconds: 60 });
  t.match(messages, [
    {
      topic: 'near/x',
      payload: '5',
      qos: 1,
      retain: true,
      origin: 'link:cloud',
      receivedAt: NOON,
      expiresAt: NOON + 5_000,
    },
  ]);
  t.equal(dropped, 0);
  t.match(arrive([{}], { expirySeconds: 60 }).messages, [{ expiresAt: NOON + 60_000, retain: false }]);
});

t.test('what is excepted is not there; what has no name is counted', async (t) => {
  t.match(arrive([{ except: ['far/x'] }], {}), { messages: [], dropped: 0 });
  t.match(arrive([{}], { topic: 'far' }), { messages: [], dropped: 1 });
  t.match(arrive([{}], { topic: 'other' }), { messages: [], dropped: 1 }, 'nobody asked for it');
  t.match(
    arrive([{ to: '{topic:1}' }], { topic: 'far/$SYS/x' }),
    { messages: [], dropped: 1 },
    'topics with $ are our own',
  );
});

t.test('payloads are unpacked and become ours', async (t) => {
  const properties = { contentType: 'text/plain', userProperties: [['content-encoding', 'zstd']] } as const;
  const payload = compress(Buffer.from('5'), 'zstd');
  t.match(arrive([{ format: { type: 'value' } }], { payload, properties }).messages, [
    { payload: `{"v":5,"q":"good","t":${NOON}}`, properties: { userProperties: undefined, contentType: undefined } },
  ]);
  t.match(arrive([{ compress: 'gzip' }], { payload: compress(Buffer.from('5'), 'gzip') }).messages, [{ payload: '5' }]);
  const batch = '[{"topic":"a","t":1,"payload":1},{"topic":"a","t":2,"payload":2}]';
  t.match(arrive([{ format: { type: 'json' } }], { payload: Buffer.from(batch) }).messages, [
    { payload: '1' },
    { payload: '2' },
  ]);
  t.match(arrive([{ format: { type: 'value' } }], { payload: Buffer.alloc(0), retain: true }).messages, [
    { payload: '', retain: true },
  ]);
});

t.test('what is too large or not of the form is dropped, with its cause', async (t) => {
  const large = arrive([{ maxSize: { bytes: 2, over: 'refuse' } }], { payload: Buffer.from('123') });
  t.match(large, { messages: [], dropped: 1, fault: { code: 'LINK_TOO_LARGE' } });
  const quiet = arrive([{ maxSize: { bytes: 2, over: 'drop' } }], { payload: Buffer.from('123') });
  t.match(quiet, { messages: [], dropped: 1, fault: undefined });
  const marked = { userProperties: [['content-encoding', 'gzip']] } as const;
  const bomb = compress(Buffer.alloc(100_000), 'gzip');
  t.match(arrive([{ maxSize: { bytes: 1_000, over: 'drop' } }], { payload: bomb, properties: marked }), {
    messages: [],
    dropped: 1,
    fault: { code: 'LINK_PAYLOAD' },
  });
  t.match(arrive([{ format: { type: 'json' } }, { filter: '#', to: 'all' }], {}), {
    messages: [{ topic: 'all' }],
    dropped: 1,
    fault: { code: 'LINK_PAYLOAD' },
  });
});

t.test('each route counts what it gave on, dropped and refused', async (t) => {
  const routes = [
    {},
    { maxSize: { bytes: 2, over: 'drop' } },
    { to: 'other/{topic:1}', maxSize: { bytes: 2, over: 'refuse' } },
    { filter: 'elsewhere/#' },
  ] as const;
  t.strictSame(arrive(routes, { payload: Buffer.from('12345') }).figures, [
    { messages: 1, bytes: 5, dropped: 0, refused: 0 },
    { messages: 0, bytes: 0, dropped: 1, refused: 0 },
    { messages: 0, bytes: 0, dropped: 0, refused: 1 },
    { messages: 0, bytes: 0, dropped: 0, refused: 0 },
  ]);
});

t.test('a message of a mesh has the QoS that it entered with, whatever the route says', async (t) => {
  t.match(arrive([{ qos: 0 }], { qos: 0, stampedQoS: 2 }).messages, [{ qos: 2 }]);
  t.match(arrive([{ qos: 0 }], { qos: 1 }).messages, [{ qos: 0 }]);
});
