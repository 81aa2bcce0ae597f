/** A session at the keys: what is pressed, and what is seen. */
import t, { type Test } from 'tap';
import { Ui, type UiOptions } from './screen.js';

process.env.TZ = 'UTC';

async function points(t: Test, options: UiOptions = {}): Promise<Ui> {
  const ui = new Ui(t, { screen: 'points', ...options });
  await ui.sees('boiler/setpoint');
  return ui;
}

t.test('keys of screens, history, and the way out', async (t) => {
  const ui = new Ui(t);
  await ui.sees('▸ overview');
  t.ok(ui.isAlternate, 'the alternate screen is used');
  t.ok(ui.input.isRaw);
  await ui.press('2');
  await ui.sees('devices (3)');
  await ui.press('j', 'enter');
  await ui.sees('hpmq plant-7 ▸ points ▸ meter');
  await ui.sees('points (7)');
  await ui.press('-');
  await ui.sees('devices (3)');
  await ui.press('[', '[', '[');
  await ui.sees('▸ overview');
  await ui.press(']');
  await ui.sees('devices (3)');
  await ui.press('q');
  t.equal(await ui.ended, 0);
  t.notOk(ui.isAlternate, 'the screen of before is back');
  t.notOk(ui.input.isRaw, 'raw mode is off');
  t.ok(ui.output.raw.includes('\x1b[?25h'), 'the cursor is back');
});

t.test('⏎ on an alarm jumps to its cause', async (t) => {
  const ui = new Ui(t);
  await ui.sees('device:tank');
  await ui.press('enter');
  await ui.sees(/▸ tank +○ offline/);
  await ui.press('1', 'j', 'enter');
  await ui.sees(/▸ peer-2 +◐ connecting/);
  t.pass('device and link were found');
});

t.test('the help lists the keys of the screen, and why some do nothing', async (t) => {
  const ui = await points(t);
  await ui.press('?');
  await ui.sees('on points');
  await ui.sees(/w +write +Writes a value to the point, after asking/);
  await ui.seesFlat('(now: the point is read-only: no write: in its configuration)');
  await ui.press('j', 'j', 'pgdn', 'G');
  await ui.sees(/tab +complete/);
  await ui.press('g');
  await ui.sees('on points');
  await ui.press('q');
  await ui.sees('points (20)');
  t.pass('q left the help, not the program');
});

t.test('a filter narrows the list while it is typed', async (t) => {
  const ui = await points(t);
  await ui.press('/');
  await ui.type('temp !meter');
  await ui.sees('points (1/20) /temp !meter');
  await ui.sees('1 of 20 · word  !without  re:expression');
  await ui.press('enter');
  await ui.seesNot('█');
  await ui.press('esc');
  await ui.sees('points (20)');
  await ui.press('/');
  await ui.type('re:(');
  await ui.sees('✕ Invalid regular expression');
  await ui.press('esc');
  await ui.sees('points (20)');
  await ui.press('/');
  await ui.type('nothing like it');
  await ui.press('enter');
  await ui.sees('nothing matches nothing like it · esc shows all');
  t.pass('an empty list says why');
});

t.test('a command is completed and done; a wrong one is explained', async (t) => {
  const ui = await points(t);
  await ui.press(':');
  await ui.sees('clients  devices  functions  help  links  logs  overview  points  quit  topics');
  await ui.type('po');
  await ui.press('tab');
  await ui.sees(':points █');
  await ui.sees('boiler  meter  tank');
  await ui.type('m');
  await ui.press('tab');
  await ui.type('/volt');
  await ui.press('enter');
  await ui.sees('▸ points ▸ meter');
  await ui.sees('points (1/7) /volt');
  await ui.press(':');
  await ui.type('linsk\r');
  await ui.sees('there is no command "linsk", did you mean links?');
  await ui.press(':');
  await ui.type('quit\r');
  t.equal(await ui.ended, 0);
});

t.test('a write is checked, asked for, sent, and its outcome shown', async (t) => {
  const ui = await points(t);
  await ui.press('j', 'w');
  await ui.sees('┌─ write boiler/setpoint ─');
  await ui.sees(/now +70\.0 °C {2}● good/);
  await ui.sees('10 to 90 °C · step 0.5 °C · read back after the write');
  await ui.type('900\r');
  await ui.sees('✕ 900 is above the maximum of 90 °C');
  await ui.press('ctrl-u');
  await ui.type('72.5\r');
  await ui.sees('70.0 °C → 72.5 °C');
  await ui.sees('write this now?');
  t.notOk(
    ui.gateway.requests.some((request) => request.includes('write')),
    'nothing was sent yet',
  );
  await ui.press('enter');
  await ui.sees('● verified 72.5 °C');
  t.ok(ui.gateway.requests.includes('POST /v1/points/{device}/{point}/write boiler setpoint'));
  await ui.press('esc');
  await ui.sees(/▸ boiler\/setpoint +72\.5/);
});

for (const [answer, expected, hint] of [
  ['refused', '✕ refused · WRITE_REFUSED the controller is in local mode', 'switch the controller to remote'],
  ['failed', '✕ failed · MODBUS_TIMEOUT', 'check wiring'],
  ['unknown', '◐ unknown whether it was written · MODBUS_TIMEOUT', 'read the point before you write again'],
  ['throw', '◐ unknown whether it was written · API_CONNECTION_LOST', 'read the point before you write again'],
] as const) {
  t.test(`a write that ends as ${answer} says so, and what to do`, async (t) => {
    const ui = await points(t);
    ui.gateway.writeAnswer = answer;
    await ui.press('j', 'w');
    await ui.type('72.5\r');
    await ui.sees('write this now?');
    await ui.press('enter');
    await ui.sees(expected);
    await ui.seesFlat(hint);
    t.pass('outcome and hint are there');
  });
}

t.test('a critical point wants its name', async (t) => {
  const ui = await points(t);
  await ui.press('/');
  await ui.type('trip\r');
  await ui.press('w');
  await ui.type('on\r');
  await ui.sees('this point is critical: type trip');
  await ui.type('tri\r');
  await ui.sees('✕ type trip exactly tri█');
  t.notOk(ui.gateway.requests.some((request) => request.includes('write')));
  await ui.type('p\r');
  await ui.sees('● verified true');
});

t.test('a point, a session and a gateway can be read-only; the key says which', async (t) => {
  const ui = await points(t);
  await ui.press('w');
  await ui.sees('write: the point is read-only: no write: in its configuration');
  const session = await points(t, { readOnly: true });
  await session.press('j', 'w');
  await session.sees('write: this session is read-only');
  await session.press('2', 'p');
  await session.sees('pause: this session is read-only');
  t.notOk(session.gateway.requests.some((request) => request.startsWith('POST')));
  const gateway = await points(t, { gateway: { readOnly: true } });
  await gateway.press('j', 'w');
  await gateway.sees('write: tui.readOnly is set in the configuration');
});

t.test('a device is paused, resumed and tried again', async (t) => {
  const ui = new Ui(t, { screen: 'devices' });
  await ui.sees('devices (3)');
  await ui.press('p');
  await ui.sees('● boiler paused');
  await ui.sees(/▸ boiler +○ paused/);
  await ui.press('r');
  await ui.sees('retry now: the device is paused, p resumes it');
  await ui.press('p');
  await ui.sees('● boiler resumed');
  await ui.press('G', 'r');
  await ui.sees('● tank is tried again now');
  t.ok(ui.gateway.requests.includes('POST /v1/devices/{device}/retry tank'));
});

t.test('a refused request is one line with code and hint', async (t) => {
  const ui = await points(t);
  ui.gateway.isUp = false;
  await ui.press('r');
  await ui.sees('✕ API_UNREACHABLE nothing listens on unix:/run/hpmq/control.sock · start the');
  t.pass('the interface goes on');
});

t.test('the tail follows the cursor; + watches another filter; x changes the form', async (t) => {
  const ui = new Ui(t, { screen: 'topics' });
  await ui.sees('tail hpmq/#');
  await ui.press('j', 'j', 'j');
  await ui.sees(/─ tail \S*plant-7\/boiler\/burner/);
  await ui.watches('messages hpmq/plant-7/boiler/burner');
  ui.gateway.publish('hpmq/plant-7/boiler/burner', '{"v":false}');
  await ui.sees('{"v":false}');
  await ui.press('x');
  await ui.sees('"v": false');
  await ui.press('x');
  await ui.sees('7b 22 76 22 3a 66 61 6c 73 65 7d');
  await ui.press('x', '+');
  await ui.type('a/#/b\r');
  await ui.sees('not a Topic Filter: wildcard is misplaced');
  await ui.press('+');
  await ui.type('hpmq/+/meter/#\r');
  await ui.sees('topics (7) hpmq/+/meter/#');
  await ui.watches('topics hpmq/+/meter/#');
  await ui.press('1');
  await ui.until(() => ui.gateway.streams.length === 1, 'only the main stream is left');
  t.pass('streams are closed when they are not shown');
});

t.test('the tail begins with what is retained, once', async (t) => {
  const ui = new Ui(t, { screen: 'topics' });
  await ui.sees('tail hpmq/#');
  await ui.press('G');
  await ui.sees(/─ tail \S*tank\/valve/);
  await ui.watches('messages hpmq/plant-7/tank/valve');
  await ui.sees('{"v":71.4,"q":"good"}');
  await ui.press('x');
  await ui.sees('"v": 71.4');
  t.equal(ui.lines().filter((line) => line.includes('"v": 71.4')).length, 1);
});

t.test('looking back in the tail holds it still', async (t) => {
  const ui = new Ui(t, { screen: 'topics' });
  await ui.sees('tail hpmq/#');
  await ui.watches('messages hpmq/#');
  for (let i = 0; i < 40; i++) ui.gateway.publish('hpmq/x', `number ${i}.`);
  await ui.sees('number 39.');
  await ui.press('tab', 'pgup', 'pgup');
  await ui.sees('frozen');
  await ui.seesNot('number 39.');
  await ui.press('G');
  await ui.sees('number 39.');
  await ui.seesNot('frozen');
  t.pass('G goes on');
});

t.test('t on a point shows its messages', async (t) => {
  const ui = await points(t);
  await ui.press('j', 't');
  await ui.sees(/─ tail \S*plant-7\/boiler\/setpoint/);
  t.match(ui.lines()[0], /▸ topics ▸ hpmq\/plant-7\/boiler/);
});

t.test('y copies the topic through the terminal', async (t) => {
  const ui = await points(t);
  await ui.press('y');
  await ui.sees('copied hpmq/plant-7/boiler/temperature');
  const encoded = Buffer.from('hpmq/plant-7/boiler/temperature').toString('base64');
  t.ok(ui.output.raw.includes(`\x1b]52;c;${encoded}\x07`));
});

t.test('the log stays at its end until the cursor is moved; L chooses the level; space holds it', async (t) => {
  const ui = new Ui(t, { screen: 'logs' });
  await ui.sees('device does not answer');
  for (let i = 0; i < 40; i++) ui.gateway.log('info', 'broker', `line ${i}.`);
  await ui.sees('▸');
  await ui.sees('line 39.');
  await ui.press('g');
  await ui.sees(/▸ .* listening/);
  await ui.press('L');
  await ui.sees(/logs \(1\)/);
  t.notMatch(ui.text(), 'line 39.');
  await ui.press('space');
  await ui.sees('frozen');
  ui.gateway.log('error', 'broker', 'while frozen');
  await ui.press('j');
  t.notMatch(ui.text(), 'while frozen');
  await ui.press('space');
  await ui.sees('while frozen');
});

t.test('what is pasted is text, never commands', async (t) => {
  const ui = await points(t);
  await ui.type('\x1b[200~q:quit\r\x1b[201~');
  await ui.press('/');
  await ui.type('\x1b[200~tank\nlevel\x1b[201~');
  await ui.sees('points (1/20) /tank level');
  t.pass('the session is still there');
});
