/** Who had a message last, by what was said between two brokers. */
import { generate, type Packet } from 'mqtt-packet';
import t from 'tap';
import type { Direction } from '../support/relay.js';
import { Handovers } from './links/handovers.js';

const PUBLISH = { cmd: 'publish', dup: false, retain: false } as const;

function conversation(protocolVersion: 4 | 5) {
  const handovers = new Handovers((topic, payload) => `${topic} ${payload}`);
  const say = (connection: object, direction: Direction, packet: Packet) => {
    const bytes = generate(packet, { protocolVersion });
    // In pieces, as from a network.
    for (const byte of bytes) handovers.saw(connection, direction, Buffer.of(byte));
  };
  const connect = (sessionPresent = true) => {
    const connection = {};
    const version = { protocolId: 'MQTT', protocolVersion } as const;
    say(connection, 'up', { cmd: 'connect', clientId: 'near', clean: false, keepalive: 2, ...version });
    say(connection, 'down', { cmd: 'connack', sessionPresent, reasonCode: 0, returnCode: 0 });
    return connection;
  };
  return { handovers, say, connect };
}

t.test('a message belongs to who acknowledged it, over whatever connection', async (t) => {
  for (const version of [4, 5] as const) {
    const { handovers, say, connect } = conversation(version);
    let connection = connect();
    const down = (payload: string, qos: 1 | 2, messageId: number) =>
      say(connection, 'down', { ...PUBLISH, topic: 'a', payload, qos, messageId });
    down('1', 1, 1);
    down('2', 2, 2);
    down('3', 1, 3);
    down('4', 2, 4);
    say(connection, 'up', { cmd: 'puback', messageId: 1 });
    say(connection, 'up', { cmd: 'pubrec', messageId: 2 });
    t.ok(handovers.wasTaken('down', 'a 1') && handovers.wasCompleted('down', 'a 1'));
    t.ok(handovers.wasTaken('down', 'a 2'));
    t.notOk(handovers.wasCompleted('down', 'a 2'), 'not released');
    t.notOk(handovers.wasTaken('down', 'a 3'));
    t.ok(handovers.isOwed('down', 'a 3') && handovers.isOwed('down', 'a 4'));

    handovers.over(connection);
    connection = connect();
    t.notOk(handovers.isOwed('down', 'a 3'), 'it was not sent again');
    down('4', 2, 4);
    t.ok(handovers.isOwed('down', 'a 4'));
    say(connection, 'down', { cmd: 'pubrel', messageId: 2 });
    say(connection, 'up', { cmd: 'pubcomp', messageId: 2 });
    t.ok(handovers.wasCompleted('down', 'a 2'));
    t.notOk(handovers.wasTaken('up', 'a 1'), 'the other way is another matter');
    t.equal(handovers.unreadable, 0);
  }
});

t.test('what was refused was not taken; an alias stands for its topic', async (t) => {
  const { handovers, say, connect } = conversation(5);
  const connection = connect();
  const alias = { properties: { topicAlias: 1 } };
  say(connection, 'up', { ...PUBLISH, topic: 'a', payload: '1', qos: 1, messageId: 1, ...alias });
  say(connection, 'up', { ...PUBLISH, topic: '', payload: '2', qos: 1, messageId: 2, ...alias });
  say(connection, 'down', { cmd: 'puback', messageId: 1, reasonCode: 0x97 });
  say(connection, 'down', { cmd: 'puback', messageId: 2, reasonCode: 0x10 });
  t.notOk(handovers.wasTaken('up', 'a 1'));
  t.ok(handovers.wasCompleted('up', 'a 2'));
  t.equal(handovers.unreadable, 0);
});

t.test(
  'a second copy at QoS 2 is the doing of who sent it against the rules, or had forgotten the session',
  async (t) => {
    const { handovers, say, connect } = conversation(5);
    let connection = connect();
    const up = (payload: string, messageId: number, dup: boolean) =>
      say(connection, 'up', { ...PUBLISH, dup, topic: 'a', payload, qos: 2, messageId });
    for (const id of [1, 2, 3]) up(`${id}`, id, false);
    say(connection, 'down', { cmd: 'pubrec', messageId: 1 });
    say(connection, 'up', { cmd: 'pubrel', messageId: 1 });
    connection = connect();
    for (const id of [1, 2]) up(`${id}`, id, true);
    up('3', 4, true);
    t.ok(handovers.wasWronglyRepeated('up', 'a 1'), 'it had been released');
    t.notOk(handovers.wasWronglyRepeated('up', 'a 2'), 'as it must be');
    t.ok(handovers.wasWronglyRepeated('up', 'a 3'), 'under another identifier');
    t.notOk(handovers.wasSentAnew('up', 'a 2'));
    connection = connect(false);
    up('2', 7, false);
    t.notOk(handovers.wasWronglyRepeated('up', 'a 2'));
    t.ok(handovers.wasSentAnew('up', 'a 2'));
  },
);

t.test(
  'an identifier that is used again before its release masks the message, in a session that goes on',
  async (t) => {
    const { handovers, say, connect } = conversation(5);
    let connection = connect();
    const down = (payload: string, messageId: number) =>
      say(connection, 'down', { ...PUBLISH, topic: 'a', payload, qos: 2, messageId });
    for (const id of [1, 2, 3]) {
      down(`${id}`, id);
      say(connection, 'up', { cmd: 'pubrec', messageId: id });
    }
    say(connection, 'down', { cmd: 'pubrel', messageId: 1 });
    handovers.over(connection);
    connection = connect();
    down('4', 1);
    down('2', 2);
    down('5', 3);
    t.notOk(handovers.wasMasked('down', 'a 4'), 'it was released');
    t.notOk(handovers.wasMasked('down', 'a 2'), 'the same message again');
    t.ok(handovers.wasMasked('down', 'a 5'));
    connection = connect(false);
    down('6', 2);
    t.notOk(handovers.wasMasked('down', 'a 6'), 'in a session that begins');
  },
);

t.test('who ends a session with subscriptions has abandoned it', async (t) => {
  const { handovers, say, connect } = conversation(5);
  const anew = () =>
    say({}, 'up', {
      cmd: 'connect',
      clientId: 'near',
      clean: true,
      keepalive: 2,
      protocolId: 'MQTT',
      protocolVersion: 5,
    });
  anew();
  const connection = connect(false);
  t.equal(handovers.abandoned, 0, 'nothing was subscribed');
  say(connection, 'down', { cmd: 'suback', messageId: 1, granted: [2] });
  connect();
  t.equal(handovers.abandoned, 0);
  anew();
  t.equal(handovers.abandoned, 1);
});

t.test('a message is late by who sent it if it came before the later one over no connection', async (t) => {
  const { handovers, say, connect } = conversation(5);
  let connection = connect();
  const down = (payload: string, messageId: number, qos: 1 | 2 = 1) =>
    say(connection, 'down', { ...PUBLISH, topic: 'a', payload, qos, messageId });
  const { sendings } = handovers;
  const isTheirs = (name: string, later: string) => sendings.down.cameBehind(`a ${name}`, `a ${later}`);
  down('2', 1);
  down('1', 2);
  down('3', 3);
  t.ok(isTheirs('1', '2'));
  t.notOk(isTheirs('1', '3'), 'it came before it');
  t.notOk(isTheirs('1', '4'), 'what was never sent was not sent too early');
  t.ok(isTheirs('9', '3'), 'it has not come at all');
  say(connection, 'up', { cmd: 'puback', messageId: 3 });
  connection = connect();
  down('1', 2);
  down('2', 1);
  t.notOk(isTheirs('1', '2'), 'over the second connection it came in order');

  down('5', 4);
  say(connection, 'up', { cmd: 'puback', messageId: 4 });
  connection = connect();
  down('6', 5);
  t.notOk(isTheirs('5', '6'), 'who had got it has no need of it again');
  down('8', 6);
  connection = connect();
  down('7', 7);
  t.ok(isTheirs('7', '8'));
  say(connection, 'up', { cmd: 'puback', messageId: 7 });
  down('8', 6);
  t.ok(isTheirs('7', '8'), 'that it comes again does not matter once the other is there');
});

t.test('who sends a later message over a connection before all that waits has overtaken it', async (t) => {
  const { handovers, say, connect } = conversation(5);
  let connection = connect();
  const up = (payload: string, messageId: number) =>
    say(connection, 'up', { ...PUBLISH, topic: 'a', payload, qos: 2, messageId });
  const isOurs = (name: string, later: string) => handovers.sendings.up.wasOvertaken(`a ${name}`, `a ${later}`);
  for (const id of [1, 2, 3]) up(`${id}`, id);
  t.notOk(isOurs('1', '2'));
  say(connection, 'down', { cmd: 'pubrec', messageId: 1 });
  connection = connect();
  say(connection, 'up', { cmd: 'pubrel', messageId: 1 });
  up('3', 3);
  t.notOk(isOurs('1', '3'), 'PUBREL stands for it');
  t.ok(isOurs('2', '3'));
  say(connection, 'down', { cmd: 'pubcomp', messageId: 1 });
  connection = connect(false);
  up('4', 4);
  t.notOk(isOurs('1', '4'), 'it was there');
  t.ok(isOurs('2', '4'));
});

t.test('a record with gaps says so', async (t) => {
  const handovers = new Handovers(() => '');
  handovers.saw({}, 'up', Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]));
  t.ok(handovers.unreadable > 0);
});
