/** The screen of functions: what they cost, what they said, pause, reload and the way back to the version before. */
import t, { type Test } from 'tap';
import { functionView } from '../support/function-view.js';
import { Ui } from './screen.js';

process.env.TZ = 'UTC';

function open(t: Test, options: Partial<ConstructorParameters<typeof Ui>[1]> = {}): Ui {
  const ui = new Ui(t, { screen: 'functions', ...options });
  const failing = functionView(Date.now(), {
    name: 'decode',
    state: 'open',
    error: { code: 'FUNCTION_BREAKER_OPEN', fault: 'config', message: 'it failed: fuel', hint: 'look at its log' },
    versions: [],
  });
  ui.gateway.functions.views = [functionView(Date.now()), failing];
  return ui;
}

t.test('who they are, what calls them, what they cost; l shows what one said', async (t) => {
  const ui = open(t, { columns: 120 });
  await ui.sees(/FUNCTION +STATE +CALLS +P95 MS +MEMORY +FAILED/);
  await ui.sees(/▸ mask +● up +120\/s +0\.009 +131 kB +10/);
  await ui.sees(/decode +✕ open/);
  await ui.press('l');
  await ui.sees(/│ called by +upstream raw\/#/);
  await ui.sees(/▸ sha256:aaaaaaaaaaaa mask\.wasm/);
  await ui.press('tab', 'G');
  await ui.sees('fuel: it took more than 5000000 steps');
  t.pass('all of it is there');
});

t.test('p pauses and resumes, r reloads', async (t) => {
  const ui = open(t);
  await ui.sees('mask');
  await ui.press('p');
  await ui.sees('mask is left out');
  await ui.sees(/mask +○ paused|mask +\S+ paused/);
  await ui.press('p');
  await ui.sees('mask is asked again');
  await ui.press('r');
  await ui.sees('mask was read again');
  t.strictSame(ui.gateway.functions.changes, ['pause mask', 'resume mask', 'reload mask']);
});

t.test('R asks, esc leaves it, ⏎ rolls back; without a version before it says so', async (t) => {
  const ui = open(t);
  await ui.sees('mask');
  await ui.press('R');
  await ui.sees(/┌─ roll back mask ─/);
  await ui.sees(/then +sha256:bbbbbbbbbbbb/);
  await ui.press('esc');
  await ui.seesNot('roll back now?');
  t.strictSame(ui.gateway.functions.changes, []);
  await ui.press('R', 'enter');
  await ui.sees('mask: sha256:bbbbbbbbbbbb runs');
  t.strictSame(ui.gateway.functions.changes, ['rollback mask']);
  await ui.press('G', 'R');
  await ui.sees('roll back: there is no version before');
});

t.test('a session that only reads changes nothing', async (t) => {
  const ui = open(t, { readOnly: true });
  await ui.sees('mask');
  await ui.press('p');
  await ui.sees(/pause: .*read-only/);
  t.strictSame(ui.gateway.functions.changes, []);
});
