/** The short form of `npm run crash`. */
import t from 'tap';
import { hpmqBroker } from './brokers.js';
import { cutGateway } from './cut-gateway.js';
import { cutStore } from './cut-store.js';
import { crash } from './run.js';

t.test('killed under load, the gateway loses nothing it acknowledged, and duplicates nothing at QoS 2', async (t) => {
  const result = await crash({ broker: hpmqBroker, kills: 6, seed: 1, cutBytes: 0 });
  t.ok(result.acknowledged > 100, `${result.acknowledged} messages`);
  t.match(result, {
    lost: 0,
    duplicated: 0,
    disordered: 0,
    foreign: 0,
    expired: 0,
    lostSessions: 0,
    retainedOutdated: 0,
    difference: 0,
    stillQueued: 0,
    examples: [],
  });
});

t.test('with the last pages of its log torn off, it starts, and its books balance', async (t) => {
  const result = await crash({ broker: hpmqBroker, kills: 4, seed: 2, cutBytes: 4_096 });
  t.match(result, { foreign: 0, difference: 0 });
});

t.test('its log cut or changed anywhere near the end: there is what the last whole commit left', async (t) => {
  t.match(await cutStore({ seed: 3, depth: 9_000, step: 101 }), { cuts: 90, changes: 90, wrong: 0, examples: [] });
});

t.test('a gateway on a log that was cut: nothing acknowledged before the last commit is lost', async (t) => {
  const result = await cutGateway([1, 700, 4_096], 20);
  t.match(result, { starts: 3, acknowledged: 20, wrong: 0, difference: 0, examples: [] });
});
