/** The short form of `npm run bus`; it judges no rate. */
import t from 'tap';
import { needsPymodbus } from '../support/modbus-peers.js';
import { runBus } from './run.js';

t.test(
  'one dead, one late, one that sends garbage, and broadcasts: no value is wrong',
  needsPymodbus('socat'),
  async (t) => {
    const result = await runBus({ aloneMs: 0, settleMs: 1_000, togetherMs: 8_000, seed: 1 });
    t.match(result, { wrong: 0, examples: [] });
    t.ok(result.reads > 200, `${result.reads} reads`);
    const { late = 0, garbage = 0, dead = 0, broadcasts = 0 } = result.slaves;
    t.ok(late > 0 && garbage > 0 && dead > 0 && broadcasts > 0, JSON.stringify(result.slaves));
  },
);
