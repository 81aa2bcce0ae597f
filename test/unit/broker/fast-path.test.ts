import t from 'tap';
import { fuzzFastPath } from '../../fuzz/fast-streams.js';

t.test(
  'with and without the fast path: the same answers, deliveries and figures, however the bytes are split',
  async (t) => {
    const { messages, answers } = await fuzzFastPath({ streams: 1_600, seed: 1 });
    t.ok(messages > 5_000 && answers > 5_000, `${messages} messages, ${answers} answers`);
  },
);
