/** What a link to Mosquitto meets, without a link: a client that keeps all rules, and gets a message before older ones. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as dial } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate, type Packet, parser } from 'mqtt-packet';
import t, { type Test } from 'tap';
import { freePort, needs } from '../support/peers.js';
import { Relay } from '../support/relay.js';
import { startMosquitto } from './brokers.js';
import { Handovers } from './links/handovers.js';

const VERSION = { protocolVersion: 5 } as const;
/** Receive Maximum of both. */
const WINDOW = 20;

class Client {
  readonly #socket;
  readonly packets: Packet[] = [];
  #told: (() => void) | undefined;
  #answers = false;

  constructor(t: Test, port: number, clientId: string) {
    this.#socket = dial({ port, host: '127.0.0.1' });
    t.teardown(() => this.#socket.destroy());
    const parse = parser(VERSION);
    parse.on('packet', (packet) => {
      this.packets.push(packet);
      if (this.#answers) this.#answer(packet);
      this.#told?.();
    });
    this.#socket.on('data', (bytes: Buffer) => parse.parse(bytes));
    const version = { protocolId: 'MQTT', protocolVersion: 5 } as const;
    this.send({
      cmd: 'connect',
      clientId,
      clean: true,
      keepalive: 0,
      properties: { receiveMaximum: WINDOW },
      ...version,
    });
  }

  send(packet: Packet): void {
    this.#socket.write(generate(packet, VERSION));
  }

  /** What has come, except these, and what comes. */
  answerAll(isAnswered: (packet: Packet) => boolean): void {
    this.#answers = true;
    for (const packet of this.packets) if (!isAnswered(packet)) this.#answer(packet);
  }

  #answer(packet: Packet): void {
    const { cmd, messageId = 0 } = packet;
    if (cmd === 'publish') this.send({ cmd: packet.qos === 1 ? 'puback' : 'pubrec', messageId });
    else if (cmd === 'pubrel') this.send({ cmd: 'pubcomp', messageId });
  }

  /** Resolves when so many of that kind have come. */
  async got(cmd: Packet['cmd'], count: number): Promise<void> {
    while (this.packets.filter((packet) => packet.cmd === cmd).length < count) {
      await new Promise<void>((resolve) => {
        this.#told = resolve;
      });
    }
  }

  get messages(): readonly { readonly name: string; readonly messageId: number }[] {
    return this.packets.flatMap((packet) =>
      packet.cmd === 'publish' ? [{ name: String(packet.payload), messageId: packet.messageId! }] : [],
    );
  }
}

t.test('what Mosquitto sends late is late by the record', needs('mosquitto'), async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hpmq-mosquitto-order-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const port = await freePort();
  const broker = await startMosquitto(folder, port);
  t.teardown(() => broker.kill());
  const relay = await Relay.open(port);
  t.teardown(() => relay[Symbol.asyncDispose]());
  const handovers = new Handovers((_topic, payload) => String(payload));
  relay.onBytes = handovers.saw;

  const subscriber = new Client(t, relay.port, 'subscriber');
  await subscriber.got('connack', 1);
  subscriber.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'a', qos: 2 }] });
  await subscriber.got('suback', 1);
  const publisher = new Client(t, port, 'publisher');
  await publisher.got('connack', 1);
  let sent = 0;
  const publish = async (qos: 1 | 2, count: number) => {
    for (let n = 0; n < count; n++) {
      const messageId = ++sent;
      publisher.send({
        cmd: 'publish',
        topic: 'a',
        payload: `${messageId}`,
        qos,
        messageId,
        dup: false,
        retain: false,
      });
      if (qos === 1) continue;
      await publisher.got('pubrec', publisher.packets.filter(({ cmd }) => cmd === 'pubcomp').length + 1);
      publisher.send({ cmd: 'pubrel', messageId });
      await publisher.got('pubcomp', publisher.packets.filter(({ cmd }) => cmd === 'pubcomp').length + 1);
    }
    if (qos === 1)
      await publisher.got('puback', publisher.packets.filter(({ cmd }) => cmd === 'puback').length + count);
  };
  // Its window is full, and there is more of both kinds.
  await publish(2, WINDOW + 5);
  await publish(1, 2 * WINDOW);
  await subscriber.got('publish', WINDOW);
  const [first] = subscriber.messages;
  subscriber.send({ cmd: 'pubrec', messageId: first!.messageId });
  await subscriber.got('pubrel', 1);
  subscriber.send({ cmd: 'pubcomp', messageId: first!.messageId });
  // It sends as many more as its window takes, though most of the window is in use.
  await subscriber.got('publish', WINDOW + 6);
  const ofOne = subscriber.messages[WINDOW + 5]!;
  subscriber.send({ cmd: 'puback', messageId: ofOne.messageId });
  subscriber.send({ cmd: 'pingreq' });
  await subscriber.got('pingresp', 1);
  await publish(1, 1);
  // All the rest is taken by the rules.
  const isAnswered = (packet: Packet) => packet.messageId === first!.messageId || packet === ofOnePacket;
  const ofOnePacket = subscriber.packets.find(
    ({ cmd, messageId }) => cmd === 'publish' && messageId === ofOne.messageId,
  );
  subscriber.answerAll(isAnswered);
  await subscriber.got('publish', sent);
  const order = subscriber.messages.map(({ name }) => Number(name));
  t.strictSame(
    order.toSorted((a, b) => a - b),
    Array.from({ length: sent }, (_, i) => i + 1),
    'each came once',
  );
  const { sendings } = handovers;
  for (const [at, later] of order.entries()) {
    const late = order.slice(at + 1).filter((name) => name < later);
    const byRecord = order.filter((name) => name < later && sendings.down.cameBehind(`${name}`, `${later}`));
    t.strictSame(byRecord, late, `before ${later}`);
  }
  t.comment(`in the order ${order.join(' ')}`);
});
