import t, { type Test } from 'tap';
import type { AuditRecord } from '../../../src/core/audit.js';
import { systemClock } from '../../../src/core/clock.js';
import { silentLog } from '../../../src/core/log.js';
import type { MessageInit } from '../../../src/core/message.js';
import { subscriptionTo } from '../../../src/core/router.js';
import { UpdateTopics } from '../../../src/update/command-topics.js';
import { updateError } from '../../../src/update/errors.js';
import type { Updates } from '../../../src/update/updates.js';
import { FakeRouter } from '../../support/fake-router.js';

interface Answer {
  readonly topic: string;
  readonly correlation: string | undefined;
  readonly body: Record<string, unknown>;
}

function start(t: Test) {
  const router = new FakeRouter();
  const answers: Answer[] = [];
  const records: AuditRecord[] = [];
  const restarts: string[] = [];
  const asked: unknown[] = [];
  const told: (() => void)[] = [];
  const listener = router.attach({
    ...{ id: 'test', kind: 'api', origin: 'client:listener', durable: false },
    deliver({ topic, payload, properties }) {
      answers.push({
        topic,
        correlation: properties?.correlationData?.toString(),
        body: JSON.parse(payload.toString()),
      });
      for (const tell of told.splice(0)) tell();
      return true;
    },
  });
  for (const filter of ['hpmq/g/$response/#', 'mine/#', 'theirs/#'])
    void [...listener.subscribe(subscriptionTo(filter))];
  const updates = {
    view: async () => ({ version: '1.0.0', state: 'confirmed' }),
    markGood: () => Promise.reject(updateError('UPDATE_NOTHING', 'no version is on trial')),
    rollback: async () => ({ version: '0.9.0', needs: 'restart' }),
    restart: (reason: string) => void restarts.push(reason),
    install: async (url: string, allowDowngrade: boolean, onProgress: (progress: object) => void) => {
      asked.push({ url, allowDowngrade });
      for (const percent of [0, 5, 9, 10, 55, 100]) onProgress({ phase: 'writing', percent });
      return { version: '2.0.0', needs: 'restart' };
    },
  } as unknown as Updates;
  const topics = new UpdateTopics({
    ...{ gatewayId: 'g', router, updates, links: ['cloud'], log: silentLog, clock: systemClock },
    userOf: (clientId) => (clientId === 'fleet' ? 'anna' : undefined),
    mayPublish: (clientId, topic) => clientId === 'fleet' && topic.startsWith('mine/'),
    audit: (record) => void records.push(record),
  });
  t.teardown(() => topics[Symbol.asyncDispose]());
  const ask = async (verb: string, body: unknown, options: Partial<MessageInit> = {}, last = /done|refused|failed/) => {
    answers.length = 0;
    const payload = typeof body === 'string' ? body : JSON.stringify(body);
    router.put(`hpmq/g/$request/update/${verb}`, payload, { origin: 'client:fleet', ...options });
    while (!last.test(String(answers.at(-1)?.body.status))) await new Promise<void>((next) => told.push(next));
    return [...answers];
  };
  /** What was answered by the time a user had his answer who asked after them. */
  const strangers = async (...requests: readonly (readonly [verb: string, options: Partial<MessageInit>])[]) => {
    const before: Answer[] = [];
    answers.length = 0;
    for (const [verb, options] of requests) {
      router.put(`hpmq/g/$request/update/${verb}`, '{"transaction":"strange"}', options);
    }
    before.push(...answers);
    const after = await ask('status', { transaction: 'last' });
    return [...before, ...after].filter(({ body }) => body.transaction !== 'last');
  };
  return { ask, strangers, answers, records, restarts, asked, router };
}

t.test('a user installs a version: accepted, progress in steps, done; then it starts', async (t) => {
  const { ask, records, restarts, asked } = start(t);
  const answers = await ask('install', { transaction: '7', url: 'https://updates.example.com/a.hpmq' });
  t.ok(answers.every(({ topic, body }) => topic === 'hpmq/g/$response/update/install' && body.transaction === '7'));
  t.strictSame(
    answers.map(({ body }) => `${body.status} ${body.percent ?? ''}`.trim()),
    ['accepted', 'progress 0', 'progress 10', 'progress 55', 'progress 100', 'done'],
  );
  t.match(answers.at(-1)?.body, { version: '2.0.0', needs: 'restart' });
  t.strictSame(asked, [{ url: 'https://updates.example.com/a.hpmq', allowDowngrade: false }]);
  t.match(records, [{ who: 'client fleet (user anna)', action: 'update install', outcome: 'done' }]);
  while (restarts.length === 0) await new Promise((next) => setTimeout(next, 20));
  t.strictSame(restarts, ['update install by client fleet (user anna)']);
});

t.test('the answer goes to the Response Topic with its Correlation Data', async (t) => {
  const { ask } = start(t);
  const properties = { responseTopic: 'mine/answer', correlationData: Buffer.from('c-1') };
  t.match(await ask('status', '', { properties }), [
    { topic: 'mine/answer', correlation: 'c-1', body: { status: 'done', update: { version: '1.0.0' } } },
  ]);
});

t.test('a retained request and what is no request are refused', async (t) => {
  const { ask, records, asked } = start(t);
  const url = 'https://updates.example.com/a.hpmq';
  const code = async (...args: Parameters<typeof ask>) => (await ask(...args)).at(-1)?.body.code;
  t.equal(await code('install', { url }, { retain: true }), 'UPDATE_FORBIDDEN');
  t.equal(await code('install', { url: '/etc/passwd' }), 'UPDATE_UNREACHABLE');
  t.equal(await code('install', {}), 'UPDATE_UNREACHABLE');
  t.equal(await code('install', 'not json'), 'UPDATE_NOTHING');
  t.equal(await code('install', `{"url":"${'x'.repeat(9_000)}"}`), 'UPDATE_NOTHING');
  t.equal(await code('mark-good', {}), 'UPDATE_NOTHING');
  t.strictSame(asked, []);
  t.equal(records.length, 6, 'each of them on record');
});

t.test('strangers, functions and links that are not named get no answer, not even a refusal', async (t) => {
  const { strangers, records, asked } = start(t);
  const properties = { responseTopic: 'theirs/answer' };
  const origins = ['client:somebody', 'function:mask', 'link:other', 'device:meter'] as const;
  t.strictSame(
    await strangers(
      ...origins.flatMap((origin) => [
        ['install', { origin, properties }] as const,
        ['status', { origin, retain: true }] as const,
      ]),
    ),
    [],
  );
  t.strictSame(asked, []);
  t.ok(records.length === 8 && records.every(({ outcome }) => outcome === 'UPDATE_FORBIDDEN'), 'they are on record');
});

t.test('from beyond a link that is named: newer versions, never older ones', async (t) => {
  const { ask, asked } = start(t);
  const url = 'https://updates.example.com/a.hpmq';
  const origin = 'link:cloud';
  const refused = await ask('install', { url, allowDowngrade: true }, { origin });
  t.match(refused, [{ body: { status: 'refused', code: 'UPDATE_FORBIDDEN' } }]);
  t.strictSame(asked, []);
  t.match((await ask('install', { url }, { origin })).at(-1), { body: { status: 'done' } });
  t.strictSame(asked, [{ url, allowDowngrade: false }]);
});

t.test('an answer goes nowhere where its requester could not publish himself', async (t) => {
  const { ask } = start(t);
  const fixed = 'hpmq/g/$response/update/status';
  for (const responseTopic of ['theirs/answer', '$SYS/x', 'mine/#']) {
    t.match(await ask('status', {}, { properties: { responseTopic } }), [{ topic: fixed }], responseTopic);
  }
  const throughLink = { origin: 'link:cloud', properties: { responseTopic: 'mine/answer' } } as const;
  t.match(await ask('status', {}, throughLink), [{ topic: fixed }]);
});
