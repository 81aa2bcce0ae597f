/** The terminal UI as a person uses it: a real terminal (tmux), a real gateway with simulated devices. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { hpmqEntry, startTestGateway, tempFolder } from '../support/gateway.js';
import { needs } from '../support/peers.js';
import { terminal } from '../support/terminal.js';

const config = `
gateway: { id: plant-7 }
broker: { listeners: [ { type: tcp, port: 0 } ] }
ports: { sim: { type: memory } }
devices:
  boiler:
    adapter: simulator
    port: sim
    every: 500ms
    points:
      temperature: { wave: sine, min: 40, max: 80, period: 20s, unit: °C, decimals: 1 }
      setpoint: { wave: constant, value: 60, unit: °C, write: { min: 10, max: 90 } }
`;

t.test('screens, a write, a resize, and the shell is as it was', needs('tmux', 'stty'), async (t) => {
  const gateway = await startTestGateway(t, config);
  const folder = tempFolder(t);
  const at = (name: string) => join(folder, name);
  const ui = terminal(t, 80, 24);
  const start = (env = '') =>
    ui.type(`${env} ${process.execPath} ${hpmqEntry} --socket ${gateway.socket} tui; echo ended $?`, 'Enter');
  await ui.sees(/READY:/);
  ui.type(`stty -a > ${at('before')}`, 'Enter');

  start();
  await ui.sees(/plant-7 ▸ overview[\s\S]*broker[\s\S]*no alarms/);
  ui.type('2');
  await ui.sees(/▸ boiler +● online/);
  ui.type('Enter');
  await ui.sees(/setpoint +60 +°C +● good/);
  ui.type('5');
  await ui.sees(/tail hpmq\/#[\s\S]*"v":/);
  ui.type('8');
  await ui.sees(/gateway is up/);
  ui.type('?');
  await ui.sees(/everywhere/);
  // Escape and a key that follows at once are Alt and that key, to every terminal program.
  ui.type('Escape');
  await ui.sees(/┌─ logs \(/);

  ui.type('3');
  await ui.sees(/points \(2\)/);
  ui.type('/', 'setp', 'Enter');
  await ui.sees(/points \(1\/2\)/);
  ui.type('w');
  await ui.sees(/write boiler\/setpoint/);
  ui.type('95', 'Enter');
  await ui.sees(/90/);
  ui.type('BSpace', 'BSpace', '72.5', 'Enter');
  await ui.sees(/60 °C → 72\.5 °C/);
  ui.type('Enter');
  await ui.sees(/verified 72\.5 °C/);
  ui.type('Escape');
  await ui.sees(/t tail/);

  ui.resize(140, 40);
  const wide = await ui.sees(/seen +/);
  t.ok(
    wide.split('\n').some((line) => line.length > 100),
    'a wide terminal shows the detail beside the list',
  );
  ui.resize(50, 12);
  await ui.sees(/terminal too small: need 60×15, have 50×12/);
  ui.resize(80, 24);
  await ui.sees(/points \(1\/2\)/);
  for (const line of ui.screen().split('\n')) t.ok(line.length <= 80, 'no line is wider than the terminal');

  ui.type('C-c');
  await ui.sees(/ended 0/);
  ui.type('clear', 'Enter');
  start();
  await ui.sees(/▸ overview/);
  // The shell waits for this one process: tell it by its pane.
  const pid = execFileSync('pgrep', ['-f', `^${process.execPath} ${hpmqEntry} --socket ${gateway.socket} tui`], {
    encoding: 'utf8',
  }).trim();
  process.kill(Number(pid), 'SIGTERM');
  await ui.sees(/ended 143/);
  ui.type('clear', 'Enter', `stty -a > ${at('after')}; echo written`, 'Enter');
  await ui.sees(/^written/m);
  t.equal(
    readFileSync(at('after'), 'utf8').replace(/rows \d+; columns \d+/, ''),
    readFileSync(at('before'), 'utf8').replace(/rows \d+; columns \d+/, ''),
  );
});

t.test('the screen says when the gateway is gone', needs('tmux'), async (t) => {
  const gateway = await startTestGateway(t, config);
  const ui = terminal(t, 80, 24);
  ui.type(`${process.execPath} ${hpmqEntry} --socket ${gateway.socket} tui`, 'Enter');
  await ui.sees(/▸ overview/);
  await gateway.process.kill('SIGKILL');
  await ui.sees(/connection lost/);
  t.match(ui.screen(), /retry/);
  ui.type('q');
});
