/** How a session begins, survives, and ends. */
import { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';
import t from 'tap';
import { systemClock } from '../../src/core/clock.js';
import { runTui } from '../../src/tui/main.js';
import { FRAME_MS } from '../../src/tui/store.js';
import { ManualClock, settle } from '../support/manual-clock.js';
import { FakeGateway } from './fake-gateway.js';
import { Ui } from './screen.js';

process.env.TZ = 'UTC';

t.test(
  'a lost connection is tried again after 0.25 to 5 s with jitter, and the new snapshot replaces all',
  async (t) => {
    const clock = new ManualClock();
    const ui = new Ui(t, { clock, random: () => 0, screen: 'points' });
    const eventually = async (check: () => boolean) => {
      for (let i = 0; i < 200 && !check(); i++) await settle();
      t.ok(check(), String(check));
    };
    await eventually(() => ui.gateway.streams.length === 1);
    ui.gateway.cut();
    await settle();
    const attempts = () => ui.gateway.refusals;
    t.equal(attempts(), 0);
    await clock.advance(124);
    t.equal(attempts(), 0, 'not before half of 0.25 s');
    await clock.advance(1);
    t.equal(attempts(), 1);
    await clock.advance(250 + 500 + 1_000 + 2_000);
    t.equal(attempts(), 5, 'each wait is twice the one before');
    await clock.advance(2_500 * 3);
    t.equal(attempts(), 8, 'but never more than 5 s');
    await ui.sees(/connection lost 1\ds ago, retrying/);
    ui.gateway.isUp = true;
    await clock.advance(2_500);
    await clock.advance(FRAME_MS);
    await ui.seesNot('connection lost');
    ui.gateway.cut();
    await settle();
    await clock.advance(125);
    t.equal(attempts(), 9, 'after a success the waits begin anew');
  },
);

t.test('no gateway at the start is the error of the client, and the terminal is untouched', async (t) => {
  const gateway = new FakeGateway({ clock: systemClock });
  gateway.isUp = false;
  const written: string[] = [];
  const stdout = Object.assign(
    new Writable({
      write(chunk, _, done) {
        written.push(String(chunk));
        done();
      },
    }),
    {
      isTTY: true,
      columns: 80,
      rows: 24,
    },
  );
  const stdin = Object.assign(new EventEmitter(), { isTTY: true });
  await t.rejects(
    runTui({
      client: gateway,
      readOnly: false,
      color: false,
      ascii: false,
      motion: true,
      target: 'x',
      env: {},
      stdin: stdin as unknown as NodeJS.ReadStream,
      stdout: stdout as unknown as NodeJS.WriteStream,
    }),
    { code: 'API_UNREACHABLE' },
  );
  t.strictSame(written, []);
});

t.test('an unknown screen is refused with the names there are', async (t) => {
  const client = new FakeGateway({ clock: systemClock });
  const options = { client, readOnly: false, color: false, ascii: false, motion: true, target: 'x' };
  await t.rejects(runTui({ ...options, screen: 'nowhere' }), {
    code: 'TUI_SCREEN_UNKNOWN',
    hint: /overview, devices/,
  });
});

t.test('without a terminal: one plain frame of the overview, and a hint', async (t) => {
  let out = '';
  let err = '';
  const sink = (add: (text: string) => void) =>
    new Writable({
      write(chunk, _, done) {
        add(String(chunk));
        done();
      },
    });
  const code = await runTui({
    client: new FakeGateway({ clock: systemClock }),
    readOnly: false,
    color: true,
    ascii: false,
    motion: true,
    screen: 'points',
    target: 'x',
    env: { COLUMNS: '100', LANG: 'C.UTF-8' },
    stdin: new EventEmitter() as unknown as NodeJS.ReadStream,
    stdout: sink((text) => (out += text)) as unknown as NodeJS.WriteStream,
    stderr: sink((text) => (err += text)),
  });
  t.equal(code, 0);
  t.notMatch(out, /\x1b/, 'no escape sequence');
  t.match(out, /^ hpmq plant-7 ▸ overview/);
  t.match(out, /MODBUS_TIMEOUT unit 3 did not answer within 500 ms/);
  t.notMatch(out, /q quit/);
  t.ok(out.split('\n').every((line) => line.length <= 100));
  t.match(err, /hpmq status --json/);
});

t.test('SIGTERM and SIGHUP end it with their exit code and a sane terminal', async (t) => {
  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    const listeners = process.listenerCount(signal);
    const ui = new Ui(t);
    await ui.sees('device:tank');
    process.kill(process.pid, signal);
    t.equal(await ui.ended, code);
    t.notOk(ui.isAlternate);
    t.notOk(ui.input.isRaw);
    t.equal(process.listenerCount(signal), listeners, 'no listener stays');
  }
});

t.test('nothing stays when it ends: no stream, no timer', async (t) => {
  const clock = new ManualClock();
  const ui = new Ui(t, { clock });
  for (let i = 0; i < 200 && ui.gateway.streams.length === 0; i++) await settle();
  await clock.advance(3_000);
  await ui.press('ctrl-c');
  t.equal(await ui.ended, 0);
  t.strictSame(ui.gateway.streams, []);
  t.equal(clock.pending, 0);
});
