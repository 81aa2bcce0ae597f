import { createBroker } from "../../src/broker/broker.js";
import { systemClock } from "../../src/core/clock.js";
import { silentLog } from "../../src/core/log.js";
import { brokerConfig } from "../unit/broker/harness.js";
import { RECEIVE_MAXIMUM } from "./brokers.js";
import { PACKET_BYTES } from "./judge.js";
const config = brokerConfig({
  connections: 2e4,
  packetBytes: PACKET_BYTES,
  queuedMessages: 1e3,
  receiveMaximum: RECEIVE_MAXIMUM,
  retainedMessages: 1e6,
  subscriptions: 1e3,
  sessionExpiry: Number.POSITIVE_INFINITY,
  connectTimeout: 6e5
});
const broker = createBroker({ config, gatewayId: "differential", log: silentLog, clock: systemClock });
await broker.start(new AbortController().signal);
console.log(broker.addresses()[0].split(":").pop());
const stop = () => void broker[Symbol.asyncDispose]().then(() => process.exit(0));
process.stdin.on("end", stop).resume();
process.on("SIGTERM", stop);
//# sourceMappingURL=our-broker.js.map
