/** Every screen as a person sees it, on a narrow and on a wide terminal. */
import stringWidth from 'string-width';
import t, { type Test } from 'tap';
import { Ui, type UiOptions } from './screen.js';

process.env.TZ = 'UTC';
process.env.FORCE_COLOR = '1';

async function open(t: Test, screen: string, options: UiOptions = {}): Promise<Ui> {
  const ui = new Ui(t, { color: true, screen, ...options });
  await ui.sees(new RegExp(`▸ ${screen}|> ${screen}`));
  return ui;
}

/** What holds for every frame. */
function holds(t: Test, ui: Ui, columns: number, rows: number): void {
  const lines = ui.lines();
  t.ok(
    lines.every((line) => stringWidth(line) <= columns),
    'no line is wider than the terminal',
  );
  t.equal(lines.length, rows);
  t.equal(lines[rows - 1], '', 'the last row stays free');
  t.match(lines[0], /^ hpmq plant-7 ▸ /);
  t.match(lines[rows - 2], / \? help {2}esc back {2}q quit$/, 'the hints are complete');
}

const seen: Readonly<Record<string, readonly RegExp[]>> = {
  overview: [
    /clients +3 +12 subscriptions +8 refused/,
    /listens +tcp 127\.0\.0\.1:1883 3/,
    /┌─ plant-7 0\.1\.0 ─+┐┌─ services \(5\/7 up\) ─+┐/,
    /│ state {4}◐ degraded, started 3d 4h ago/,
    /│ messages in 1\.2k\/s {2}out 1\.1k\/s/,
    /│ points {3}● 14 good {2}◐ 1 stale {2}✕ 5 bad/,
    /│ links {4}● 1 up {2}◐ 1 connecting/,
    /│ memory {3}61 MB/,
    /○ link:peer-2 +down +\d+s/,
    /┌─ alarms \(2\) ─+┐/,
    /│▸ ✕ error device:tank +\d+s {2}MODBUS_TIMEOUT unit 3 did not/,
    /│ {11}check wiring, unit id, baud rate and parity/,
    /⏎ go to the cause │/,
  ],
  devices: [
    /┌─ devices \(3\) ─/,
    /DEVICE +STATE +SINCE +GOOD +MS P50 +P95 +ERR\/MIN/,
    /│▸ boiler +● online +3d 4h +8\/8 +18 +46 +0/,
    /│ {2}tank +○ offline +\d+s +0\/5 +— +— +12/,
    /⏎ points {2}p pause {2}r retry now/,
  ],
  points: [
    /┌─ points \(20\) ─/,
    /POINT +VALUE {2}UNIT +QUALITY +AGE {2}TREND/,
    /│▸ boiler\/temperature +\d+\.\d {2}°C +● good +\d+\.\ds {2}/,
    /│ {2}meter\/energy +182331\.5 {2}kWh +◐ stale +\d+s/,
    /│ {2}tank\/level +— {2}% +✕ bad +\d+s/,
    /w write {2}t tail {2}r read now/,
  ],
  clients: [
    /┌─ clients \(3\) ─/,
    /CLIENT +STATE +MQTT +(USER +)?SUBS/,
    /│▸ scada-1 +● connected +5\.0 +(scada +)?4/,
    /phone-7 +○ disconnected/,
  ],
  topics: [
    /┌─ topics \(20\) # ─+┐┌─ tail hpmq\/# ─+ text ─┐/,
    /TOPIC +RET +COUNT/,
    /│▸ - hpmq +\d+/,
    /│ {8}· temperature +ret +\d+/,
    /"q":"good"/,
    /\+ subscribe {2}x json/,
  ],
  links: [
    /┌─ links \(2\) ─/,
    /LINK +STATE +SINCE +QUEUED +OLDEST +IN +OUT +DROPS/,
    /│▸ cloud +● up +3d 4h +0 +— +0\.4\/s +1\.1k\/s +0/,
    /peer-2 +◐ connecting +1m \d\ds +1\.3k +1m 12s/,
  ],
  logs: [
    /┌─ logs \(3\) ─/,
    /TIME +LEVEL +SERVICE +MESSAGE/,
    /│▸ \d\d:\d\d:\d\d +warn +devices +device does not answer {2}device=tank/,
    /L level info/,
  ],
};

for (const [screen, patterns] of Object.entries(seen)) {
  t.test(`${screen} at 80×24`, async (t) => {
    const ui = await open(t, screen);
    for (const pattern of patterns) await ui.sees(pattern);
    t.pass('all of it is there');
    holds(t, ui, 80, 24);
  });
  t.test(`${screen} at 140×40`, async (t) => {
    const ui = await open(t, screen, { columns: 140, rows: 40 });
    // Wider terminals show more columns: the first of each line is what both have in common.
    for (const pattern of patterns.slice(0, 1)) await ui.sees(pattern);
    await ui.sees('● cloud up  ◐ peer-2 connecting');
    holds(t, ui, 140, 40);
  });
}

t.test('at 140 columns the detail is beside the list', async (t) => {
  const ui = await open(t, 'points', { columns: 140, rows: 40 });
  await ui.sees(/┐┌─ boiler\/temperature ─/);
  await ui.sees(/││ sampled +\d+\.\ds ago 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.\d\d\d/);
  await ui.press('down');
  await ui.sees(/││ write +10 to 90 °C · step 0\.5 °C/);
  t.equal(ui.lines().filter((line) => line.includes('boiler/setpoint')).length, 3, 'list, title and topic');
});

t.test('below 140 columns ⏎ opens the detail under the list', async (t) => {
  const ui = await open(t, 'points');
  await ui.sees('boiler/temperature');
  await ui.press('G', 'enter');
  await ui.sees(/┌─ tank\/valve ─/);
  await ui.seesFlat('error MODBUS_TIMEOUT unit 3 did not answer within 500 ms · check wiring, unit id, baud');
  holds(t, ui, 80, 24);
  await ui.press('esc');
  await ui.seesNot(/┌─ tank\/valve ─/);
});

t.test('colours repeat what signs and words say, in the 16 basic ones', async (t) => {
  const ui = await open(t, 'points');
  await ui.sees('✕ bad');
  t.equal(ui.styleOf('● good').color, 2);
  t.equal(ui.styleOf('◐ stale').color, 3);
  t.equal(ui.styleOf('✕ bad').color, 1);
  t.equal(ui.styleOf('POINT').isDim, true);
  t.equal(ui.styleOf('boiler/temperature').isBold, true, 'the selected row stands out');
});

t.test('a lost connection dims the data, says since when, and disables what needs it', async (t) => {
  const ui = await open(t, 'points');
  await ui.sees('● good');
  ui.gateway.cut();
  await ui.sees(/○ connection lost \d+\.\ds ago, retrying/);
  t.equal(ui.styleOf('● good').color, -1);
  t.equal(ui.styleOf('● good').isDim, true);
  t.equal(ui.styleOf('○ connection lost').color, 1, 'the truth itself is not dimmed');
  await ui.sees(/✕ API_(CONNECTION_LOST|UNREACHABLE) .* · /);
  await ui.press('down', 'w');
  await ui.sees('write: no connection to the gateway');
  ui.gateway.isUp = true;
  await ui.seesNot('connection lost');
  await ui.until(() => ui.styleOf('● good').color === 2, 'colours are back');
});

t.test('a terminal below 60×15 says so, and comes back', async (t) => {
  const ui = await open(t, 'points');
  await ui.sees('boiler/temperature');
  ui.resize(48, 12);
  await ui.sees('terminal too small: need 60×15, have 48×12');
  t.equal(ui.lines().filter((line) => line !== '').length, 1);
  ui.resize(60, 15);
  await ui.sees('boiler/temperature');
  holds(t, ui, 60, 15);
});

t.test('every size from 60×15 on is drawn without a line too many', async (t) => {
  const ui = await open(t, 'overview');
  for (const screen of ['1', '5']) {
    await ui.press(screen);
    for (const [columns, rows] of [
      [60, 15],
      [99, 30],
      [100, 24],
      [141, 20],
      [200, 60],
    ] as const) {
      ui.resize(columns, rows);
      await ui.until(
        () => ui.lines()[rows - 2]?.includes('q quit') === true && ui.lines()[0]?.startsWith(' hpmq') === true,
        'frame',
      );
      holds(t, ui, columns, rows);
    }
  }
});

t.test('ASCII only, for terminals that have nothing else', async (t) => {
  const ui = await open(t, 'points', { env: { TERM: 'linux' } });
  await ui.sees('x bad');
  t.match(ui.text(), /^[\x20-\x7e\n]*$/);
  t.match(ui.text(), /\+- points \(20\) -+\+/);
  await ui.press('1');
  await ui.sees('* 14 good');
  t.match(ui.text(), /^[\x20-\x7e\n]*$/);
});

t.test('10,000 points: only what is visible is drawn, and the end is one key away', async (t) => {
  const ui = await open(t, 'points', { gateway: { extraPoints: 10_000 } });
  await ui.sees('points (10020)');
  await ui.press('G');
  await ui.sees('row-09999');
  await ui.press('pgup', 'k');
  await ui.sees(/▸ meter\/row-09982/);
  await ui.press('/');
  await ui.type('row-0424');
  await ui.sees('points (10/10020) /row-0424');
  await ui.press('enter', 'g');
  await ui.sees(/▸ meter\/row-04240/);
  holds(t, ui, 80, 24);
});

t.test('what comes from outside cannot reach the terminal', async (t) => {
  const ui = await open(t, 'topics');
  await ui.watches('messages hpmq/#');
  const bad = '\x1b[2J\x1b]0;owned\x07\x9b31m\u202etxt';
  ui.gateway.publish(`hpmq/${bad}/x`, `payload ${bad}`, true);
  ui.gateway.log('info', `svc${bad}`, `message ${bad}`, { field: bad });
  await ui.sees('·[2J·]0;owned·');
  await ui.press('8');
  await ui.sees('message ·[2J·]0;owned··31m·txt');
  t.notMatch(ui.output.raw, /\x1b\]0;owned|\x1b\[2J\x1b\]|\x9b|\u202e/);
});

t.test('all is well says so', async (t) => {
  const ui = await open(t, 'overview');
  await ui.sees('alarms (2)');
  ui.gateway.alarms = [];
  ui.gateway.advance();
  await ui.sees('● no alarms: nothing needs a person');
  await ui.sees(/state +● up/);
  t.pass('no empty box');
});

t.test('for a screen reader there are no borders', async (t) => {
  const ui = new Ui(t, { env: { TERM: 'xterm', LANG: 'C.UTF-8', INK_SCREEN_READER: 'true' } });
  await ui.sees('device:tank');
  t.notMatch(ui.text(), /[┌└┐┘]|^│/m);
});
