/** A broker on a port of the loopback interface, and MQTT.js as the second foreign client of a test. */
import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import type { Test } from 'tap';
import { type Broker, createBroker } from '../../src/broker/broker.js';
import { systemClock } from '../../src/core/clock.js';
import type { BrokerConfig, BrokerLimits } from '../../src/core/config.js';
import { silentLog } from '../../src/core/log.js';
import { brokerConfig } from './broker-config.js';
import { eventually } from './peers.js';

export interface ServedBroker {
  readonly broker: Broker;
  readonly port: number;
}

export async function startBroker(
  t: Test,
  limits: Partial<BrokerLimits> = {},
  rest: Partial<BrokerConfig> = {},
): Promise<ServedBroker> {
  const config = brokerConfig(limits, rest);
  const broker = createBroker({ config, gatewayId: 'e2e', log: silentLog, clock: systemClock });
  t.teardown(() => broker[Symbol.asyncDispose]());
  await broker.start(AbortSignal.timeout(60_000));
  return { broker, port: Number(broker.addresses()[0]!.split(':')[1]) };
}

/** Waits until there are so many subscriptions in all. */
export function subscriptions(broker: Broker, count: number): Promise<boolean> {
  return eventually(() => broker.router.counters().subscriptions >= count);
}

/** Waits until the broker knows that this client is gone. */
export function isAbsent(broker: Broker, clientId: string): Promise<boolean> {
  return eventually(() => broker.clients().some((client) => client.clientId === clientId && !client.connected));
}

export interface Item {
  /** `topic|payload|q1|r0` */
  readonly text: string;
  readonly packet: IPublishPacket;
}

/** MQTT.js, connected, with what it receives. */
export class Witness {
  readonly client: MqttClient;
  readonly #items: Item[] = [];

  private constructor(client: MqttClient) {
    this.client = client;
    client.on('message', (topic, payload, packet) => {
      const text = `${topic}|${payload}|q${packet.qos}|r${packet.retain ? 1 : 0}`;
      this.#items.push({ text, packet });
    });
  }

  static async connect(t: Test, port: number, options: IClientOptions = {}): Promise<Witness> {
    const settings: IClientOptions = { host: '127.0.0.1', port, reconnectPeriod: 0, protocolVersion: 5, ...options };
    const client = await mqtt.connectAsync(settings);
    t.teardown(() => client.endAsync(true));
    return new Witness(client);
  }

  /** The next messages; waits until there are so many. */
  async next(count = 1): Promise<Item[]> {
    await eventually(() => this.#items.length >= count).catch((cause: unknown) => {
      throw new Error(`${count} messages were expected, these came: ${this.#items.map(({ text }) => text)}`, { cause });
    });
    return this.#items.splice(0, count);
  }

  async texts(count = 1): Promise<string[]> {
    return (await this.next(count)).map(({ text }) => text);
  }
}
