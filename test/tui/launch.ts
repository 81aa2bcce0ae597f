/** Starts the terminal interface on the fake gateway, to look at it: `node dist/test/tui/launch.js [--ascii] [--points N] …`. */
import { parseArgs } from 'node:util';
import { systemClock } from '../../src/core/clock.js';
import { runTui } from '../../src/tui/main.js';
import { FakeGateway } from './fake-gateway.js';

const { values } = parseArgs({
  options: {
    ascii: { type: 'boolean', default: false },
    'no-color': { type: 'boolean', default: false },
    'no-motion': { type: 'boolean', default: false },
    'read-only': { type: 'boolean', default: false },
    'cut-after': { type: 'string' },
    'up-after': { type: 'string' },
    points: { type: 'string', default: '0' },
    screen: { type: 'string', default: 'overview' },
  },
});

const gateway = new FakeGateway({ clock: systemClock, extraPoints: Number(values.points) });
const timer = setInterval(() => gateway.advance(), 500);
const after = (ms: string | undefined, callback: () => void) => {
  if (ms !== undefined) setTimeout(callback, Number(ms)).unref();
};
process.on('SIGUSR2', () => {
  throw new Error('crashed on purpose');
});
after(values['cut-after'], () => gateway.cut());
after(values['up-after'], () => {
  gateway.isUp = true;
});

process.exitCode = await runTui({
  client: gateway,
  readOnly: values['read-only'],
  color: !values['no-color'],
  ascii: values.ascii,
  motion: !values['no-motion'],
  screen: values.screen,
  target: 'unix:/run/hpmq/control.sock',
}).finally(() => clearInterval(timer));
