/** What a point was in the last day, in its detail. */
import t from 'tap';
import type { PeriodView } from '../../src/api/contract.js';
import { Ui } from './screen.js';

process.env.TZ = 'UTC';

const QUARTER = 900_000;

function period(at: number, mean: number): PeriodView {
  return { at, count: 15, min: mean - 1, max: mean + 1, mean, last: mean, others: 0 };
}

t.test('a point that is recorded has its last day there, others do not', async (t) => {
  const ui = new Ui(t, { screen: 'points', columns: 120 });
  const now = Date.now();
  // Nothing in the first half of the day, then it rises.
  ui.gateway.day = Array.from({ length: 48 }, (_, i) => period(now - (48 - i) * QUARTER, 60 + i / 4));
  ui.gateway.advance();
  await ui.sees('boiler/temperature');
  await ui.press('/', ...'boiler/temperature', 'enter', 'enter');
  await ui.sees(/last 24h/);
  await ui.sees(/▁.*▇/);
  await ui.sees(/59 to 72\.75 °C/);
  await ui.press('esc', 'esc', '/', ...'boiler/pressure', 'enter', 'enter');
  await ui.sees(/topic +hpmq\/.*pressure/);
  await ui.seesNot('last 24h');
});

t.test('where nothing is recorded nobody asks', async (t) => {
  const ui = new Ui(t, { screen: 'points', columns: 120 });
  await ui.sees('boiler/temperature');
  ui.gateway.advance();
  await ui.press('enter');
  await ui.sees(/│ trend/);
  t.notOk(ui.gateway.requests.some((one) => one.includes('/v1/history')));
});
