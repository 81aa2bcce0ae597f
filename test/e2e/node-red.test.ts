/** Node-RED's MQTT nodes against the broker, 3.1.1 and 5.0 side by side in one flow. */
import t from 'tap';
import { type FlowNode, needsNodeRed, nodeRedFolder, startNodeRed } from '../support/node-red.js';
import { isAbsent, startBroker, Witness } from '../support/served-broker.js';

const versions = [4, 5] as const;

/** One connection with birth, close and Will, and a flow that sends what comes below `in<version>` on below `out<version>`. */
function flow(port: number, version: 4 | 5): FlowNode[] {
  const id = (name: string) => `${name}${version}`;
  const z = 'tab';
  return [
    {
      id: id('broker'),
      type: 'mqtt-broker',
      broker: '127.0.0.1',
      port: String(port),
      clientid: id('node-red-'),
      autoConnect: true,
      usetls: false,
      protocolVersion: String(version),
      keepalive: '60',
      cleansession: false,
      autoUnsubscribe: false,
      sessionExpiry: '300',
      userProps: '',
      ...last('birth', version, 'online'),
      ...last('close', version, 'closed'),
      ...last('will', version, 'gone'),
    },
    {
      id: id('in'),
      type: 'mqtt in',
      z,
      topic: `in${version}/#`,
      qos: '2',
      datatype: 'buffer',
      broker: id('broker'),
      nl: false,
      rap: true,
      rh: 0,
      inputs: 0,
      wires: [[id('rename')]],
    },
    {
      id: id('rename'),
      type: 'change',
      z,
      rules: [
        { t: 'change', p: 'topic', pt: 'msg', from: `in${version}/`, fromt: 'str', to: `out${version}/`, tot: 'str' },
      ],
      wires: [[id('out')]],
    },
    { id: id('out'), type: 'mqtt out', z, topic: '', qos: '', retain: '', broker: id('broker'), wires: [] },
  ];
}

function last(name: 'birth' | 'close' | 'will', version: number, payload: string): FlowNode {
  return {
    [`${name}Topic`]: `state${version}`,
    [`${name}Qos`]: '1',
    [`${name}Retain`]: 'false',
    [`${name}Payload`]: payload,
    [`${name}Msg`]: {},
  };
}

t.test(
  'Node-RED: QoS 0, 1, 2, retained, birth and Will, a session across a kill, properties',
  needsNodeRed(),
  async (t) => {
    const { broker, port } = await startBroker(t);
    const states = await Witness.connect(t, port);
    await states.client.subscribeAsync('+', { qos: 2 });
    const witness = await Witness.connect(t, port);
    for (const version of versions) {
      await witness.client.publishAsync(`in${version}/kept`, 'k', { qos: 1, retain: true });
      await witness.client.subscribeAsync(`out${version}/#`, { qos: 2, rap: true });
    }
    const home = nodeRedFolder(
      t,
      versions.flatMap((version) => flow(port, version)),
    );
    const first = startNodeRed(t, home);
    t.same((await states.texts(2)).toSorted(), ['state4|online|q1|r0', 'state5|online|q1|r0']);
    t.same(
      (await witness.texts(2)).toSorted(),
      ['out4/kept|k|q1|r1', 'out5/kept|k|q1|r1'],
      'retained messages, as such',
    );
    for (const version of versions) {
      for (const qos of [0, 1, 2] as const) {
        await witness.client.publishAsync(`in${version}/${qos}`, `ä${qos}`, { qos });
        t.same(await witness.texts(), [`out${version}/${qos}|ä${qos}|q${qos}|r0`]);
      }
    }
    const properties = {
      payloadFormatIndicator: true,
      messageExpiryInterval: 60,
      contentType: 'text/plain',
      responseTopic: 'answer',
      correlationData: Buffer.from('id-7'),
      userProperties: { b: '1', a: '2' },
    };
    await witness.client.publishAsync('in5/properties', 'p', { qos: 1, properties });
    const [item] = await witness.next();
    const { userProperties, ...others } = item!.packet.properties ?? {};
    const { userProperties: sent, ...expected } = properties;
    t.match(others, { ...expected, payloadFormatIndicator: true });
    t.same({ ...userProperties }, sent);

    await first.kill();
    t.same((await states.texts(2)).toSorted(), ['state4|gone|q1|r0', 'state5|gone|q1|r0']);
    for (const version of versions) {
      await isAbsent(broker, `node-red-${version}`);
      for (const payload of ['1', '2', '3']) await witness.client.publishAsync(`in${version}/q`, payload, { qos: 1 });
    }
    const second = startNodeRed(t, home);
    t.same((await states.texts(2)).toSorted(), ['state4|online|q1|r0', 'state5|online|q1|r0']);
    const missed = await witness.texts(8);
    for (const version of versions) {
      const own = missed.filter((text) => text.startsWith(`out${version}/q`));
      t.same(
        own,
        ['1', '2', '3'].map((payload) => `out${version}/q|${payload}|q1|r0`),
        'what it missed, in order',
      );
    }
    await second.kill('SIGTERM');
    t.same(
      (await states.texts(2)).toSorted(),
      ['state4|closed|q1|r0', 'state5|closed|q1|r0'],
      'its own last words, no Will',
    );
  },
);
