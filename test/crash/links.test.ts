/** The short form of `npm run crash -- links`. */
import t from 'tap';
import { needs } from '../support/peers.js';
import { survivable } from './links/faults.js';
import { brokenPromises, crashLinks } from './links/run.js';

const SCALE = 0.01;

for (const upstream of ['hpmq', 'mosquitto'] as const) {
  const peers = upstream === 'mosquitto' ? needs('mosquitto') : {};
  t.test(
    `a link to ${upstream}, its ends killed and its network broken under load, loses nothing`,
    peers,
    async (t) => {
      const result = await crashLinks({ broker: 'hpmq', upstream, kills: 8, seed: 2, scale: SCALE, only: survivable });
      t.match(result, {
        up: { lost: 0, duplicated: 0, disordered: 0, foreign: 0, lostSessions: 0, examples: [] },
        down: { lost: 0, disordered: 0, foreign: 0, lostSessions: 0 },
        difference: 0,
        stillQueued: 0,
        dropped: 0,
      });
      t.equal(brokenPromises(result), 0, JSON.stringify(result));
      t.ok(result.up.acknowledged > 100 && result.down.acknowledged > 100);
    },
  );
}

t.test('a mosquitto that is killed loses what it acknowledged; the link nothing', needs('mosquitto'), async (t) => {
  const only = ['far crashed', 'near killed', 'reset'] as const;
  const result = await crashLinks({ broker: 'hpmq', upstream: 'mosquitto', kills: 6, seed: 3, scale: SCALE, only });
  t.ok((result.faults['far crashed'] ?? 0) > 0);
  t.match(result.byUpstream.unexplained, []);
  t.equal(brokenPromises(result), 0, JSON.stringify(result));
});
