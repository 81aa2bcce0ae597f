/** aedes on one port, with a password and rules like the others. */
import { createServer } from 'node:net';
import { Aedes } from 'aedes';
import { ROOT, USER } from './client.js';

const isAllowed = (topic: string) => topic.startsWith(`${ROOT}/`);

const broker = await Aedes.createBroker({
  authenticate: (_client, username, password, done) => {
    done(null, username === USER.username && password?.toString() === USER.password);
  },
  authorizePublish: (_client, packet, done) => done(isAllowed(packet.topic) ? null : new Error('not allowed')),
  authorizeSubscribe: (_client, subscription, done) => done(null, isAllowed(subscription.topic) ? subscription : null),
});
createServer(broker.handle).listen(Number(process.argv[2]), '127.0.0.1');
