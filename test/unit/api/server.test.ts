import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { createServer as createNetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createClient } from '../../../src/api/client.js';
import { createApiServer } from '../../../src/api/server.js';
import { MAX_SOCKET_PATH_BYTES } from '../../../src/api/socket.js';
import { systemClock } from '../../../src/core/clock.js';
import { GatewayError } from '../../../src/core/errors.js';
import { silentLog } from '../../../src/core/log.js';
import { clientView } from '../../support/client-view.js';
import { FakeView } from '../../support/fake-view.js';
import { startPeer } from '../../support/peers.js';

function tempFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'hpmq-a-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function startServer(t: Test, socket = join(tempFolder(t), 'c.sock')) {
  const view = new FakeView();
  const server = createApiServer({ view, socket, log: silentLog, clock: systemClock });
  await server.start(AbortSignal.timeout(10_000));
  t.teardown(() => server[Symbol.asyncDispose]());
  return { view, server, socket, client: createClient({ socket }) };
}

interface Raw {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: { error?: { code: string; fault: string; message: string; hint: string } };
}

function raw(socketPath: string, method: string, path: string, body?: string): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ socketPath, method, path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: JSON.parse(text) }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function thrown(promise: Promise<unknown>): Promise<GatewayError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error('it did not throw');
}

t.test('every route answers through the client as the view says', async (t) => {
  const { client, view } = await startServer(t);
  t.strictSame(await client.request('GET /v1/status'), view.status());
  t.strictSame((await client.request('GET /v1/devices')).items, view.devices());
  t.strictSame(await client.request('GET /v1/devices/{device}', { params: { device: 'boiler' } }), view.devices()[0]);
  t.equal((await client.request('GET /v1/points')).items.length, 5);
  t.equal((await client.request('GET /v1/points', { query: { device: 'meter' } })).items.length, 2);
  const params = { device: 'boiler', point: 'setpoint' };
  t.equal((await client.request('GET /v1/points/{device}/{point}', { params })).value, 65);
  t.equal((await client.request('POST /v1/points/{device}/{point}/read', { params })).value, 65);
  const result = await client.request('POST /v1/points/{device}/{point}/write', {
    params,
    body: { value: 72.5, timeoutMs: 900 },
  });
  t.match(result, { status: 'verified', value: 72.5 });
  t.strictSame(view.written, [{ device: 'boiler', point: 'setpoint', value: 72.5, timeoutMs: 900 }]);
  await client.request('POST /v1/devices/{device}/pause', { params: { device: 'meter' } });
  t.strictSame(view.paused, ['meter']);
  await client.request('POST /v1/devices/{device}/resume', { params: { device: 'meter' } });
  t.strictSame(view.paused, []);
  await client.request('POST /v1/devices/{device}/retry', { params: { device: 'meter' } });
  t.strictSame(await client.request('POST /v1/publish', { body: { topic: 'a/b', text: 'x', qos: 1, retain: true } }), {
    delivered: true,
  });
  t.strictSame(view.published, [{ topic: 'a/b', text: 'x', qos: 1, retain: true }]);
  t.equal((await client.request('GET /v1/retained', { query: { filter: 'hpmq/#' } })).items.length, 1);
  t.strictSame((await client.request('GET /v1/topics')).items, [
    { topic: 'hpmq/plant-7/boiler/temperature', retained: true, messages: 0, at: view.retained_[0]?.at },
  ]);
  t.equal((await client.request('GET /v1/links')).items[0]?.name, 'cloud');
  t.equal((await client.request('GET /v1/logs', { query: { limit: '10' } })).items.length, 1);
  t.strictSame((await client.request('GET /v1/clients')).items, view.clients());
  t.strictSame(await client.request('GET /v1/ledger'), view.ledger());
  t.equal((await client.request('GET /v1/config')).file, '/etc/hpmq/hpmq.yaml');
});

t.test('clients: one with its subscriptions, whatever its id; ended, with and without its session', async (t) => {
  const { view, client } = await startServer(t);
  const ids = ['scada-1', '..', '.', 'a/b', '%2e', 'a?b#c', ' ', 'ü'];
  view.clients_ = ids.map((clientId) => clientView(view.now, { clientId }));
  for (const id of ids) {
    const detail = await client.request('GET /v1/clients/{client}', { params: { client: id } });
    t.equal(detail.clientId, id);
    t.equal(detail.filters.length, 2);
  }
  const params = { client: '..' };
  t.strictSame(await client.request('DELETE /v1/clients/{client}', { params }), {
    clientId: '..',
    wasConnected: true,
    isForgotten: false,
  });
  await client.request('DELETE /v1/clients/{client}', { params, query: { forget: 'true' } });
  t.strictSame(view.kicked, ['..', '.. forget']);
});

t.test('errors of the gateway arrive with code, fault, hint and details', async (t) => {
  const { client, socket } = await startServer(t);
  const params = { device: 'meter', point: 'power' };
  const error = await thrown(client.request('POST /v1/points/{device}/{point}/read', { params }));
  t.match(error, {
    code: 'FAKE_TIMEOUT',
    fault: 'device',
    hint: 'check the wiring',
    details: { unit: 1, timeoutMs: 500 },
  });
  t.equal((await raw(socket, 'POST', '/v1/points/meter/power/read')).status, 502);
});

t.test('requests that are wrong get an ErrorBody with the right status', async (t) => {
  const { socket, view } = await startServer(t);
  const write = '/v1/points/boiler/setpoint/write';
  const cases: readonly [method: string, path: string, body: string | undefined, status: number, message: RegExp][] = [
    ['GET', '/v1/nothing', undefined, 404, /no route GET \/v1\/nothing/],
    ['GET', '/', undefined, 404, /no route/],
    ['DELETE', '/v1/status', undefined, 405, /DELETE is not a method/],
    ['GET', '/v1/devices/nope', undefined, 404, /no device "nope"/],
    ['GET', '/v1/points/boiler/nope', undefined, 404, /has no point "nope"/],
    ['GET', '/v1/points/%ff/x', undefined, 400, /percent-encoded/],
    ['GET', '/v1/points?devise=x', undefined, 400, /unknown parameter "devise"; known: device/],
    ['GET', '/v1/clients/nobody', undefined, 404, /no client "nobody"/],
    ['DELETE', '/v1/clients/nobody', undefined, 404, /no client "nobody"/],
    ['DELETE', '/v1/clients/scada-1?forget=yes', undefined, 400, /"forget" is not true or false/],
    ['GET', '/v1/history/boiler/nope', undefined, 404, /nothing is recorded of boiler\/nope/],
    ['GET', '/v1/history/boiler/temperature?every=1', undefined, 400, /"every" is not a whole number from 100/],
    ['GET', '/v1/history/boiler/temperature?from=yesterday', undefined, 400, /"from" is not a whole number/],
    ['GET', '/v1/logs?limit=0', undefined, 400, /"limit" is not a whole number/],
    ['POST', write, '{"value":', 400, /not JSON/],
    ['POST', write, '[1]', 400, /not a JSON object/],
    ['POST', write, '', 400, /not a JSON object/],
    ['POST', write, '{"value":null}', 400, /"value" is not/],
    ['POST', write, '{"value":1,"force":true}', 400, /unknown field "force"/],
    ['POST', write, '{"value":1,"timeoutMs":-1}', 400, /"timeoutMs"/],
    ['POST', '/v1/publish', '{"topic":"a","qos":3,"text":""}', 400, /"qos"/],
    ['POST', '/v1/publish', '{"topic":"a"}', 400, /one of "text" and "base64"/],
    ['POST', '/v1/publish', '{"topic":"a","base64":"?"}', 400, /not base64/],
    ['POST', write, `{"value":"${'x'.repeat(1_000_000)}"}`, 413, /more than 1000000 bytes/],
    ['GET', '/v1/events', undefined, 400, /"kinds"/],
    ['GET', '/v1/events?kinds=status,tea', undefined, 400, /no kind "tea"/],
    ['GET', '/v1/events?kinds=status&rate=99', undefined, 400, /"rate"/],
  ];
  for (const [method, path, body, status, message] of cases) {
    const answer = await raw(socket, method, path, body);
    t.equal(answer.status, status, `${method} ${path}`);
    t.match(answer.body.error?.message, message);
    t.equal(answer.body.error?.fault, 'caller');
    t.ok(answer.body.error?.hint);
  }
  t.equal((await raw(socket, 'DELETE', '/v1/status')).headers.allow, 'GET');
  t.strictSame(view.written, []);
});

t.test('names with special characters survive the path', async (t) => {
  const { client, view } = await startServer(t);
  view.devices_ = [{ ...view.devices_[0]!, name: 'a b/ü%2F' }];
  t.equal((await client.request('GET /v1/devices/{device}', { params: { device: 'a b/ü%2F' } })).name, 'a b/ü%2F');
});

t.test('health: alive always, ready when up', async (t) => {
  const { socket, view } = await startServer(t);
  t.equal((await raw(socket, 'GET', '/healthz')).status, 200);
  t.equal((await raw(socket, 'GET', '/readyz')).status, 200);
  const up = view.status();
  view.status = () => ({ ...up, state: 'stopping' });
  t.equal((await raw(socket, 'GET', '/healthz')).status, 200);
  t.equal((await raw(socket, 'GET', '/readyz')).status, 503);
});

t.test('the socket is open to owner and group, and gone after the stop', async (t) => {
  const { server, socket } = await startServer(t);
  t.equal(statSync(socket).mode & 0o777, 0o660);
  t.equal(server.status().state, 'up');
  await server[Symbol.asyncDispose]();
  t.throws(() => statSync(socket), { code: 'ENOENT' });
});

t.test('a second gateway on the same socket is refused, and the first lives on', async (t) => {
  const { socket, client } = await startServer(t);
  const second = createApiServer({ view: new FakeView(), socket, log: silentLog, clock: systemClock });
  const error = await thrown(second.start(AbortSignal.timeout(5_000)));
  t.match(error, { code: 'API_SOCKET_IN_USE', fault: 'config', message: /another gateway runs here/ });
  await second[Symbol.asyncDispose]();
  t.equal((await client.request('GET /v1/status')).gateway, 'plant-7');
});

t.test('the socket of a process that was killed is taken over', async (t) => {
  const socket = join(tempFolder(t), 'c.sock');
  const script = `require('net').createServer().listen(${JSON.stringify(socket)}, () => console.log('ready'))`;
  const peer = startPeer(t, process.execPath, ['-e', script]);
  await peer.sees(/ready/);
  await peer.kill('SIGKILL');
  t.ok(statSync(socket).isSocket(), 'it is still there');
  const { client } = await startServer(t, socket);
  t.equal((await client.request('GET /v1/status')).gateway, 'plant-7');
});

t.test('what is not ours is left alone', async (t) => {
  const folder = tempFolder(t);
  const file = join(folder, 'file');
  writeFileSync(file, 'precious');
  const start = (socket: string) =>
    thrown(
      createApiServer({ view: new FakeView(), socket, log: silentLog, clock: systemClock }).start(
        AbortSignal.timeout(5_000),
      ),
    );
  t.match(await start(file), { code: 'API_SOCKET_FAILED', message: /exists and is not a socket/ });
  t.match(await start(join(file, 'c.sock')), { code: 'API_SOCKET_FAILED', message: /cannot make the folder/ });
  t.match(await start(join(folder, 'x'.repeat(MAX_SOCKET_PATH_BYTES))), {
    code: 'API_SOCKET_FAILED',
    message: /more than 107/,
  });
  t.ok(statSync(file).isFile());
});

t.test('a missing folder is made, for this user alone', async (t) => {
  const folder = join(tempFolder(t), 'a', 'b');
  await startServer(t, join(folder, 'c.sock'));
  t.equal(statSync(folder).mode & 0o777, 0o700);
});

t.test('client: what is wrong on the way is a GatewayError with a hint', async (t) => {
  const folder = tempFolder(t);
  const at = (name: string) => createClient({ socket: join(folder, name), timeoutMs: 300 }).request('GET /v1/status');
  t.match(await thrown(at('none')), { code: 'GATEWAY_NOT_RUNNING', fault: 'peer', hint: /start it with `hpmq run`/ });

  const answering = async (name: string, answer: string | undefined) => {
    const server = createNetServer((socket) => {
      socket.on('error', () => {});
      if (answer === undefined) return;
      socket.end(answer);
    });
    await new Promise<void>((resolve) => server.listen(join(folder, name), resolve));
    t.teardown(() => server.close());
    return thrown(at(name));
  };
  t.match(await answering('silent', undefined), { code: 'GATEWAY_NO_ANSWER', message: /within 300 ms/ });
  const silent = createClient({ socket: join(folder, 'silent'), timeoutMs: 300 });
  const stream = silent.events({ kinds: ['status'], signal: new AbortController().signal });
  t.match(await thrown(stream[Symbol.asyncIterator]().next()), { code: 'GATEWAY_NO_ANSWER', message: /within 300 ms/ });
  t.match(await answering('ssh', 'SSH-2.0-OpenSSH_9.2\r\n'), { code: 'GATEWAY_BAD_ANSWER' });
  t.match(await answering('html', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<htm>'), { code: 'GATEWAY_BAD_ANSWER' });
  t.match(await answering('odd', 'HTTP/1.1 500 X\r\nContent-Length: 2\r\n\r\n{}'), {
    code: 'GATEWAY_BAD_ANSWER',
    message: /status 500/,
  });
  t.match(await answering('cut', ''), { code: 'GATEWAY_LOST' });
});

t.test('client: a request can be cancelled', async (t) => {
  const { client } = await startServer(t);
  const error = await thrown(client.request('GET /v1/status', { signal: AbortSignal.abort() }));
  t.equal(error.code, 'API_CANCELLED');
});

t.test('a folder of somebody else in the temp directory is not trusted', async (t) => {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'x'));
  chmodSync(join(folder, 'x'), 0o777);
  await startServer(t, join(folder, 'x', 'c.sock'));
  t.pass('a path that was named is used as it is');
});
