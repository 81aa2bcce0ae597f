/** Documents whose commands are run, and show what comes. */
import t from 'tap';
import { needs } from '../support/peers.js';
import { playDocument } from '../support/played-document.js';

t.test('docs/first-ten-minutes.md', { ...needs('mosquitto', 'mosquitto_sub'), timeout: 300_000 }, async (t) => {
  t.ok((await playDocument(t, 'docs/first-ten-minutes.md', ['1883', '1502', '1884'])) >= 8);
});

t.test('docs/functions.md', { ...needs('mosquitto_pub'), timeout: 300_000 }, async (t) => {
  t.ok((await playDocument(t, 'docs/functions.md', ['1883'])) >= 4);
});
