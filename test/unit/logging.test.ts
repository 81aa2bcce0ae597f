import t from 'tap';
import { createAudit } from '../../src/core/audit.js';
import { errorsOf } from '../../src/core/errors.js';
import type { LogLevel } from '../../src/core/log.js';
import type { LogLine } from '../../src/core/views.js';
import { createLogging } from '../../src/logging.js';

function capture(options: { level?: LogLevel; pretty?: boolean } = {}) {
  const written: string[] = [];
  const logging = createLogging({ level: 'info', pretty: false, ...options, write: (text) => void written.push(text) });
  return { ...logging, written };
}

t.test('secrets are hidden wherever they stand', async (t) => {
  const { log, written, lines } = capture();
  const testError = errorsOf({ TEST: { fault: 'bug', hint: 'none' } });
  const inner = Object.assign(new Error('inner'), { Token: 'hunter2' });
  const error = testError('TEST', 'it failed', { cause: inner, details: { password: 'hunter2' } });
  Object.assign(error, { link: { tls: [{ key: 'hunter2', cert: 'public' }] } });
  log
    .child({ svc: 'links', token: 'hunter2' })
    .error({ error, password: 'hunter2', a: { b: { c: { secret: 'hunter2' } } } }, 'down');
  log.warn({ err: error, key: { passphrase: 'hunter2' } }, 'again');
  t.equal(written.length, 2);
  t.notMatch(written.join(''), /hunter2/);
  t.match(written[0], /"cert":"public"/);
  t.notMatch(JSON.stringify([...lines()]), /hunter2/);
  t.match([...lines()][0], { level: 'error', service: 'links', message: 'down', fields: { password: '[secret]' } });
});

t.test('long texts from outside are cut: a thousand lines of 64 KB would be kept', async (t) => {
  const { log, written, lines } = capture();
  log.info({ clientId: 'x'.repeat(65_535), deep: { reason: 'y'.repeat(10_000) } }, 'client connected');
  t.ok(written[0]!.length < 9_000, `${written[0]!.length}`);
  t.match([...lines()][0]!.fields.clientId, /^x{4095}…$/);
});

t.test('NDJSON: one line each, with level, time, message and the fields', async (t) => {
  const { log, written } = capture({ level: 'debug' });
  log.child({ svc: 'broker' }).debug({ client: 'a\nb' }, 'two\nlines');
  log.trace('not written');
  t.equal(written.length, 1);
  t.match(written[0], /^[^\n]+\n$/);
  t.match(JSON.parse(written[0]!), { level: 20, time: Number, svc: 'broker', client: 'a\nb', msg: 'two\nlines' });
});

t.test('for a person: one line each, in which nothing from the field moves the cursor', async (t) => {
  const { log, written } = capture({ pretty: true });
  log.child({ svc: 'broker' }).info({ client: '\u001b[2Jevil\u0085\u202e', n: 7 }, 'connected\nforged line');
  t.match(
    written[0],
    /^\d\d:\d\d:\d\d\.\d{3} info {2}broker {3}connected\\nforged line client=\\u001b\[2Jevil\\u0085\\u202e n=7\n$/,
  );
});

t.test('the ring has the newest 1,000 lines; a listener gets each until it is disposed', async (t) => {
  const { log, lines, onLine } = capture();
  const heard: LogLine[] = [];
  const listener = onLine((line) => void heard.push(line));
  for (let i = 0; i < 1_001; i++) log.info({ i }, 'line');
  listener[Symbol.dispose]();
  log.info('unheard');
  t.equal(heard.length, 1_001);
  const kept = [...lines()];
  t.equal(kept.length, 1_000);
  t.match([kept[0]?.fields.i, kept.at(-1)?.message], [2, 'unheard']);
});

t.test('the audit log is written whatever the level, and kept in the ring', async (t) => {
  const { audit, log, written, lines } = capture({ level: 'error' });
  log.info('not written');
  createAudit(audit)({ who: 'control socket', action: 'publish', target: 'a'.repeat(300), outcome: 'done' });
  t.equal(written.length, 1);
  t.match(JSON.parse(written[0]!), {
    svc: 'audit',
    audit: true,
    who: 'control socket',
    action: 'publish',
    target: `${'a'.repeat(199)}…`,
    outcome: 'done',
  });
  t.match([...lines()], [{ service: 'audit', message: 'audit' }]);
});
