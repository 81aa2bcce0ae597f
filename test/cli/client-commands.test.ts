/** `hpmq client …`: text, JSON, exit codes, and what is asked before a connection is ended. */
import t from 'tap';
import { startFakeGateway, timeless } from '../support/cli.js';
import { hpmqEntry } from '../support/gateway.js';
import { needs, startPeer } from '../support/peers.js';

t.test('client list: the columns of the terminal interface, filters, sorting', async (t) => {
  const { run, view } = await startFakeGateway(t);
  t.equal(
    timeless((await run(['client', 'list'])).stdout),
    `CLIENT         STATE        SINCE  MQTT   USER   SUBS  INFL  QUEUE  DROPS  IN     OUT  VIA  ADDRESS
scada-1        connected   1h 00m  5.0    scada     4     0      0      0  12  401222  tcp  10.0.0.12:51022
phone-7        away       NNm NNs  3.1.1  —         4     0     18      3  12  401222  wss  10.0.0.12:51022
evil\\u001b[2J  connected   1h 00m  5.0    —         4     0      0      0   0       0  tcp  10.0.0.12:51022
`,
  );
  t.strictSame(JSON.parse((await run(['client', 'list', '--json'])).stdout), { items: view.clients() });
  const ids = async (...args: string[]) => {
    const { stdout } = await run(['client', 'list', '--json', ...args]);
    return JSON.parse(stdout).items.map(({ clientId }: { clientId: string }) => clientId);
  };
  t.strictSame(await ids('--connected'), ['scada-1', 'evil\u001b[2J']);
  t.strictSame(await ids('--filter', 'SCADA'), ['scada-1']);
  t.strictSame(await ids('--sort', 'queue', '--limit', '1'), ['phone-7']);
  t.strictSame(await ids('--sort', 'client'), ['evil\u001b[2J', 'phone-7', 'scada-1']);
  const none = await run(['client', 'list', '--filter', 'nobody']);
  t.strictSame(none, { code: 0, stdout: '', stderr: 'none of 3 clients matches\n' });
  const wrong = await run(['client', 'list', '--sort', 'height']);
  t.equal(wrong.code, 64);
  t.match(wrong.stderr, 'hint: write --sort client, --sort since');
});

t.test('client show', async (t) => {
  const { run, view } = await startFakeGateway(t);
  t.equal(
    timeless((await run(['client', 'show', 'phone-7'])).stdout),
    `client     phone-7
state      away for NNm NNs
user       anonymous
from       10.0.0.12:51022 by tcp:127.0.0.1:1883, wss (TLSv1.3, TLS_AES_256_GCM_SHA384)
protocol   MQTT 3.1.1, keep alive NNm NNs
last seen  NNm NNs ago
session    ends in NNm NNs
will       plant/scada/state (QoS 1, retained, 7 B, after N.Ns)
in         12 messages (10 QoS 0, 2 QoS 1, 0 QoS 2), 1 kB
out        401222 messages (400000 QoS 0, 1222 QoS 1, 0 QoS 2), 40 MB
in flight  0 to it, 0 from it
queue      18 messages, 2 kB
dropped    3 (2 queue full, 1 offline)
expired    0

SUBSCRIPTION        QOS  ID  OPTIONS
plant/#               1   7  retain as published
$SYS/broker/uptime    0      no local, retain as published, no retained
`,
  );
  t.strictSame(JSON.parse((await run(['client', 'show', 'phone-7', '--json'])).stdout), view.client('phone-7'));
  const evil = await run(['client', 'show', 'evil\u001b[2J']);
  t.match(evil.stdout, 'client     evil\\u001b[2J\n');
  t.match(evil.stdout, '2 refused');
  const unknown = await run(['client', 'show', 'phone-8']);
  t.equal(unknown.code, 64);
  t.match(unknown.stderr, 'hint: did you mean phone-7?');
});

t.test('client kick: only when confirmed', async (t) => {
  const { run, view } = await startFakeGateway(t);
  const unasked = await run(['client', 'kick', 'scada-1']);
  t.equal(unasked.code, 64);
  t.match(unasked.stderr, 'error: nobody confirmed it\n');
  t.match(unasked.stderr, 'hint: run it in a terminal, or confirm with --yes');
  t.strictSame(view.kicked, []);
  t.strictSame(await run(['client', 'kick', 'scada-1', '-y']), {
    code: 0,
    stdout: '',
    stderr: 'scada-1 disconnected; its session is kept: `--forget` ends it, too\n',
  });
  const json = await run(['client', 'kick', 'phone-7', '--forget', '--yes', '--json']);
  t.strictSame(JSON.parse(json.stdout), { clientId: 'phone-7', wasConnected: false, isForgotten: true });
  t.strictSame(view.kicked, ['scada-1', 'phone-7 forget']);
  const unknown = await run(['client', 'kick', 'scada-2', '-y']);
  t.equal(unknown.code, 64);
  t.match(unknown.stderr, 'did you mean scada-1?');
});

t.test('client kick: asks at a terminal, and no is the default', needs('script'), async (t) => {
  const { socket, view } = await startFakeGateway(t);
  const ask = async (answer: string) => {
    // script(1) gives it a terminal; the answer is typed ahead.
    const command = `"${process.execPath}" "${hpmqEntry}" --socket "${socket}" client kick scada-1`;
    const peer = startPeer(t, 'script', ['-qec', command, '/dev/null'], { env: { NO_COLOR: '1' } });
    await peer.sees(/disconnect scada-1\? \(y\/N\)/);
    peer.write(answer);
    return { code: await peer.ended, text: peer.stdout() };
  };
  const no = await ask('\n');
  t.equal(no.code, 64);
  t.match(no.text, 'nothing was changed');
  t.strictSame(view.kicked, []);
  t.equal((await ask('y\n')).code, 0);
  t.strictSame(view.kicked, ['scada-1']);
});
