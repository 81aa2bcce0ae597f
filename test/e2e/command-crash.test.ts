/** A gateway that is killed with a command on its way to a foreign slave: what its sender is told, and what is done. */
import { connect } from 'mqtt';
import t, { type Test } from 'tap';
import { startTestGateway, tempFolder } from '../support/gateway.js';
import { compileLibmodbusSlave, libmodbusTcp, needsLibmodbus } from '../support/modbus-peers.js';
import { eventually } from '../support/peers.js';

const config = (port: number) => `
gateway: { id: plant }
broker: { listeners: [ { type: tcp, port: 0 } ] }
ports:
  plc: { type: tcp, host: 127.0.0.1, port: ${port}, timeout: 5s }
devices:
  plc:
    adapter: modbus
    port: plc
    unit: 1
    points:
      speed: { address: 'holding:20', write: { max: 100 } }
      valve: { address: 'holding:21', write: { idempotent: true } }
      heater: { address: 'holding:22', write: { revert: { after: 2s, value: 7 } } }
      blocked: { address: 'holding:23', write: { only: { point: speed, above: 50 } } }
`;

interface Answer {
  readonly status: string;
  readonly code?: string;
  readonly correlation?: string;
}

async function scada(t: Test, port: number) {
  const client = connect(`mqtt://127.0.0.1:${port}`, {
    protocolVersion: 5,
    clientId: 'scada',
    clean: false,
    properties: { sessionExpiryInterval: 3_600 },
    reconnectPeriod: 0,
  });
  t.teardown(() => client.endAsync(true));
  client.on('error', () => {});
  const answers: Answer[] = [];
  client.on('message', (topic, payload) => {
    if (topic === 'answers/scada') answers.push(JSON.parse(payload.toString()) as Answer);
  });
  // Not before somebody listens: what waits for the session may come in one piece with CONNACK.
  await new Promise((resolve, reject) => {
    client.once('connect', resolve).once('close', () => reject(new Error('the gateway ended the connection')));
  });
  await client.subscribeAsync('answers/scada', { qos: 1 });
  return {
    answers,
    /** The answer with this correlation, as soon as it is there. */
    answer: (correlation: string) => eventually(() => answers.find((answer) => answer.correlation === correlation)),
    /** Resolves with PUBACK. */
    command: (point: string, value: string, correlation: string) =>
      client.publishAsync(`hpmq/plant/plc/${point}/set`, value, {
        qos: 1,
        properties: { responseTopic: 'answers/scada', correlationData: Buffer.from(correlation) },
      }),
  };
}

t.test('kill -9 between PUBACK and the answer of the slave', needsLibmodbus(), async (t) => {
  const slave = await libmodbusTcp(t, compileLibmodbusSlave(t), 1);
  const folder = tempFolder(t);
  const first = await startTestGateway(t, config(slave.port), folder);
  const before = await scada(t, first.mqttPort);
  await before.command('speed', '10', 'c-0');
  t.match(await before.answer('c-0'), { status: 'verified' });
  await before.command('blocked', '1', 'c-b');
  t.match(await before.answer('c-b'), { status: 'refused', code: 'COMMAND_INTERLOCK' });
  await before.command('heater', '90', 'c-h');
  t.match(await before.answer('c-h'), { status: 'verified' });
  t.equal(await slave.tell('holding 22'), 90);

  slave.peer.child.kill('SIGSTOP');
  await before.command('speed', '60', 'c-1');
  await before.command('valve', '3', 'c-2');
  await first.process.kill('SIGKILL');
  t.equal(before.answers.length, 3, 'acknowledged, and no result yet');
  // What the kernel has of the killed connection is done by the slave, or not: nobody knows.
  slave.peer.child.kill('SIGCONT');

  const second = await startTestGateway(t, config(slave.port), folder);
  const after = await scada(t, second.mqttPort);
  t.match(await after.answer('c-1'), { status: 'unknown', code: 'COMMAND_INTERRUPTED' }, 'never done again');
  t.match(await after.answer('c-2'), { status: 'verified' }, 'done again, because that does no harm');
  t.equal(await slave.tell('holding 21'), 3);
  // The dead man outlived the gateway.
  await eventually(async () => (await slave.tell('holding 22')) === 7);

  await slave.tell('holding 20 = 33');
  const told = after.answers.length;
  await after.command('speed', '60', 'c-1');
  await eventually(() => after.answers.length > told);
  t.match(after.answers.at(-1), { status: 'unknown', correlation: 'c-1' }, 'the same command again: the same answer');
  t.equal(await slave.tell('holding 20'), 33, 'and nothing is written');
});
