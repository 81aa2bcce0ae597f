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
    points: { type: 'string', default: '0' },
    screen: { type: 'string', default: 'overview' },
  },
});

const gateway = new FakeGateway({ clock: systemClock, extraPoints: Number(values.points) });
const timer = setInterval(() => gateway.advance(), 500);
process.on('SIGUSR2', () => {
  throw new Error('crashed on purpose');
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
