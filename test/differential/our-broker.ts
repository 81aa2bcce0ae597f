/** HPMQ's broker as a process: prints its port, ends when its standard input does. */
import { createBroker } from '../../src/broker/broker.js';
import { systemClock } from '../../src/core/clock.js';
import { silentLog } from '../../src/core/log.js';
import { brokerConfig } from '../support/broker-config.js';
import { RECEIVE_MAXIMUM } from './brokers.js';
import { PACKET_BYTES } from './judge.js';

const config = brokerConfig({
  connections: 20_000,
  packetBytes: PACKET_BYTES,
  queuedMessages: 1_000,
  receiveMaximum: RECEIVE_MAXIMUM,
  retainedMessages: 1_000_000,
  subscriptions: 1_000,
  sessionExpiry: Number.POSITIVE_INFINITY,
  connectTimeout: 600_000,
});
const broker = createBroker({ config, gatewayId: 'differential', log: silentLog, clock: systemClock });
await broker.start(new AbortController().signal);
console.log(broker.addresses()[0]!.split(':').pop());
const stop = () => void broker[Symbol.asyncDispose]().then(() => process.exit(0));
process.stdin.on('end', stop).resume();
process.on('SIGTERM', stop);
