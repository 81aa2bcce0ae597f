/** The clients screen: who is there, what became of their messages, and the end of a connection. */
import t from 'tap';
import { Ui } from './screen.js';

process.env.TZ = 'UTC';

t.test('a wide terminal shows who a client is and what it did', async (t) => {
  const ui = new Ui(t, { screen: 'clients', columns: 160, rows: 40 });
  await ui.sees(/CLIENT +STATE +MQTT +USER +SUBS +INFL +QUEUE +DROPS/);
  await ui.sees(/▸ scada-1 +● connected +5\.0 +scada/);
  await ui.sees(/│ user +scada/);
  await ui.sees(/│ address +10\.0\.0\.12:51022 by tcp:127\.0\.0\.1:1883/);
  await ui.sees(/│ sent +401222 {2}QoS 0\/1\/2 400k\/1\.2k\/0 {2}40 MB/);
  await ui.sees(/│ session +ends with the connection/);
  await ui.press('G');
  await ui.sees(/│ session +ends in \d+m \d\ds/);
  await ui.sees(/│ queued +18 {2}2 kB/);
  t.pass('all of it is there');
});

t.test('ctrl-d asks, esc leaves it, ⏎ disconnects', async (t) => {
  const ui = new Ui(t, { screen: 'clients' });
  await ui.sees('scada-1');
  await ui.sees('ctrl-d disconnect');
  await ui.press('ctrl-d');
  await ui.sees(/┌─ disconnect scada-1 ─/);
  await ui.sees('its session is kept as long as it asked for');
  await ui.sees('⏎ disconnect now');
  await ui.press('esc');
  await ui.seesNot('disconnect it now?');
  t.notOk(
    ui.gateway.requests.some((request) => request.startsWith('DELETE')),
    'nothing was sent',
  );
  await ui.press('ctrl-d', 'enter');
  await ui.sees('scada-1 disconnected');
  await ui.sees(/scada-1 +○ disconnected/);
});

t.test('f ends the session, too', async (t) => {
  const ui = new Ui(t, { screen: 'clients' });
  await ui.sees('phone-7');
  await ui.press('G', 'ctrl-d');
  await ui.sees('it has no connection now');
  await ui.press('f');
  await ui.seesFlat('its session ends: subscriptions and messages that wait for it are gone');
  await ui.press('enter');
  await ui.seesFlat('phone-7 had no connection, its session ended');
  await ui.sees('clients (2)');
  t.strictSame(
    ui.gateway.requests.filter((request) => request.startsWith('DELETE')),
    ['DELETE /v1/clients/{client} phone-7'],
  );
});

t.test('a session that only reads disconnects nobody, and says so', async (t) => {
  const ui = new Ui(t, { screen: 'clients', readOnly: true });
  await ui.sees('scada-1');
  await ui.press('ctrl-d');
  await ui.sees(/disconnect: .*read-only/);
  await ui.seesNot('disconnect it now?');
  t.pass('refused with its reason');
});

t.test('a refusal of the gateway is told', async (t) => {
  const ui = new Ui(t, { screen: 'clients' });
  await ui.sees('scada-1');
  await ui.press('ctrl-d');
  await ui.sees('disconnect it now?');
  ui.gateway.isUp = false;
  await ui.press('enter');
  await ui.sees('API_UNREACHABLE');
  await ui.seesNot('disconnect it now?');
  t.pass('the question is closed, the reason is shown');
});
