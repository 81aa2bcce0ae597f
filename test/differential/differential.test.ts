/** A few hundred generated sequences to Debian's mosquitto and to ours; `npm run differential` is the long form. */
import t from 'tap';
import { needs } from '../support/peers.js';
import { entries, freedoms } from './differences.js';
import { generate } from './generate.js';
import { runDifferential } from './run.js';

t.test('where mosquitto and ours differ on generated sequences, a clause decides', needs('mosquitto'), async (t) => {
  const { unlisted, unlistedSequences, listed, packets } = await runDifferential({ sequences: 400, seed: 1 });
  t.equal(unlistedSequences, 0, unlisted.join('\n'));
  t.ok(listed.size > 20, `${listed.size} classes of the list were seen`);
  t.ok(packets > 2_000, `${packets} steps were played`);
});

t.test('a difference that is not in the list is found, and told in few steps', needs('mosquitto'), async (t) => {
  const found = await runDifferential({ sequences: 40, seed: 1, mostTold: 4, lookUp: () => undefined });
  t.ok(found.unlistedSequences > 5, `${found.unlistedSequences} were found`);
  t.equal(found.unlisted.length, 4);
  for (const text of found.unlisted) t.ok(text.split('\n').length < 10, text);
});

t.test('the same seed gives the same sequences', async (t) => {
  for (const index of [0, 1, 99_999]) t.strictSame(generate(7, index), generate(7, index));
  t.notSame(generate(7, 1).steps, generate(8, 1).steps);
});

t.test('every entry of the list names its clause and who is right', async (t) => {
  for (const { clause, verdict, why } of entries) {
    t.match(clause, /§|\[MQTT-/, why);
    t.ok(['ours', 'mosquitto', 'both'].includes(verdict));
  }
  for (const { clause, what } of freedoms) t.match(clause, /§|\[MQTT-/, what);
});
