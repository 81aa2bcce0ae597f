import t from 'tap';
import { topicFilterFault, topicMatches, topicNameFault } from '../../../src/core/topic.js';

t.test('Topic Names [MQTT-4.7.3-1] [MQTT-4.7.3-2] [MQTT-4.7.3-3] [MQTT-3.3.2-2]', async (t) => {
  t.equal(topicNameFault(''), 'empty');
  t.equal(topicNameFault('a\0b'), 'contains U+0000');
  t.equal(topicNameFault('a/+/b'), 'contains a wildcard');
  t.equal(topicNameFault('a/#'), 'contains a wildcard');
  t.equal(topicNameFault('a\ud800'), 'is not valid Unicode');
  t.equal(topicNameFault('x'.repeat(65_536)), 'too long');
  t.equal(topicNameFault('€'.repeat(21_846)), 'too long', 'the limit counts bytes of UTF-8');
  t.equal(topicNameFault('€'.repeat(21_845)), undefined);
  for (const good of ['/', 'a', '//', 'a b', '/finance', '$SYS/x', 'x'.repeat(65_535)])
    t.equal(topicNameFault(good), undefined);
});

t.test('Topic Filters [MQTT-4.7.1-1] [MQTT-4.7.1-2]', async (t) => {
  for (const good of ['#', '+', '+/+', '/+', 'sport/#', 'sport/+/player1', '+/tennis/#', '$SYS/#']) {
    t.equal(topicFilterFault(good), undefined, good);
  }
  for (const bad of ['sport/tennis#', 'sport/tennis/#/ranking', 'sport+', 'a/+b', '##', 'a/#b']) {
    t.equal(topicFilterFault(bad), 'wildcard is misplaced', bad);
  }
});

t.test('matching, by the examples of §4.7.1 and §4.7.2', async (t) => {
  const table: readonly (readonly [filter: string, topic: string, matches: boolean])[] = [
    ['sport/tennis/player1/#', 'sport/tennis/player1', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/ranking', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/score/wimbledon', true],
    ['sport/#', 'sport', true],
    ['#', 'anything/at/all', true],
    ['sport/tennis/+', 'sport/tennis/player1', true],
    ['sport/tennis/+', 'sport/tennis/player1/ranking', false],
    ['sport/+', 'sport', false],
    ['sport/+', 'sport/', true],
    ['+/+', '/finance', true],
    ['/+', '/finance', true],
    ['+', '/finance', false],
    ['#', '$SYS/broker', false],
    ['+/monitor/Clients', '$SYS/monitor/Clients', false],
    ['$SYS/#', '$SYS/', true],
    ['$SYS/monitor/+', '$SYS/monitor/Clients', true],
    ['Accounts', 'accounts', false],
    ['a//b', 'a//b', true],
    ['a/+/b', 'a//b', true],
  ];
  for (const [filter, topic, matches] of table) t.equal(topicMatches(filter, topic), matches, `${filter} ~ ${topic}`);
});
