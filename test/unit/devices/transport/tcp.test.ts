import { createServer } from 'node:net';
import t from 'tap';
import { connectError } from '../../../../src/devices/transport/tcp.js';
import { freePort } from '../../../support/peers.js';
import { openTransport } from '../../../support/wires.js';

const signal = new AbortController().signal;

t.test('nobody listens: refused, with the endpoint in the message', async (t) => {
  const port = await freePort();
  await t.rejects(openTransport({ type: 'tcp', host: '127.0.0.1', port }, signal), {
    code: 'PORT_REFUSED',
    fault: 'device',
    message: `nothing accepts connections at 127.0.0.1:${port}`,
  });
});

t.test('each failure of the system has its code', async (t) => {
  const endpoint = { type: 'tcp', host: 'plc.example', port: 502 } as const;
  for (const [system, code] of [
    ['EHOSTUNREACH', 'PORT_UNREACHABLE'],
    ['ENETUNREACH', 'PORT_UNREACHABLE'],
    ['ETIMEDOUT', 'PORT_UNREACHABLE'],
    ['ENOTFOUND', 'PORT_HOST_UNKNOWN'],
    ['EAI_AGAIN', 'PORT_HOST_UNKNOWN'],
    ['EMFILE', 'PORT_FAILED'],
  ] as const) {
    const cause = Object.assign(new Error('system'), { code: system });
    t.match(connectError(endpoint, cause), { code, cause, details: { code: system } });
  }
});

t.test('an attempt that is given up rejects with the reason and leaves no connection', async (t) => {
  const server = createServer((socket) => socket.on('error', () => {}));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const { port } = server.address() as { port: number };
  const controller = new AbortController();
  const reason = new Error('too slow');
  const opening = openTransport({ type: 'tcp', host: '127.0.0.1', port }, controller.signal);
  controller.abort(reason);
  await t.rejects(opening, reason);
});
