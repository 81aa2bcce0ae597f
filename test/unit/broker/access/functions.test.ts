/** A function that decides who may connect: before passwords, never around them, and nobody in when it cannot say. */
import t, { type Test } from 'tap';
import type { Identity } from '../../../../src/broker/access/access.js';
import { createAccess } from '../../../../src/broker/access/create.js';
import type { Peer } from '../../../../src/broker/peer.js';
import { ReasonCode, Refusal } from '../../../../src/broker/reason-codes.js';
import { Statistics } from '../../../../src/broker/statistics.js';
import type { ConnectDecision, ConnectHook, ConnectRequest } from '../../../../src/core/function.js';
import { silentLog } from '../../../../src/core/log.js';
import { ManualClock, settle } from '../../../support/manual-clock.js';
import { accessConfig, user } from './fixtures.js';

type Decide = (request: ConnectRequest) => ConnectDecision | Promise<ConnectDecision>;
const none: ConnectDecision = { decision: 'none', reason: '' };
const allow: ConnectDecision = { decision: 'allow', reason: '' };
const deny: ConnectDecision = { decision: 'deny', reason: 'not today' };

function start(t: Test, decide: Decide) {
  const clock = new ManualClock();
  const statistics = new Statistics();
  const asked: ConnectRequest[] = [];
  const connect: ConnectHook = {
    wants: (listener) => listener === 'asked',
    decide: async (request) => {
      asked.push(request);
      return decide(request);
    },
  };
  const users = [user('anna'), user('gone', { disabled: true })];
  const gate = createAccess({ config: accessConfig({ users }), clock, log: silentLog, statistics, connect });
  t.teardown(() => gate[Symbol.dispose]());
  const login = async (
    username: string | undefined,
    password: string,
    listener = 'asked',
    more: Partial<Peer> = {},
  ) => {
    const peer: Peer = {
      address: '192.0.2.1:1',
      host: '192.0.2.1',
      listener: { name: listener, type: 'tcp', auth: { anonymous: false } },
      ...more,
    };
    const view = Buffer.from(password);
    const answer = Promise.resolve(
      gate.authenticate({ peer, clientId: 'c', protocolVersion: 5, username, password: view }),
    );
    view.fill(0);
    let known: Identity | Refusal | undefined;
    void answer.then((one) => (known = one));
    // Passwords are checked in threads, and refusals may be held back.
    for (let i = 0; known === undefined && i < 400; i++) {
      await settle();
      await new Promise((resolve) => setTimeout(resolve, 2));
      if (i > 20) await clock.advance(50);
    }
    return known instanceof Refusal ? known.reasonCode : (known?.user ?? 'nobody');
  };
  return { clock, login, asked, statistics };
}

t.test('no opinion: the other rules decide, with the password as it was', async (t) => {
  const { login, asked } = start(t, () => none);
  t.equal(await login('anna', 'geheim'), 'anna');
  t.equal(await login('anna', 'wrong'), ReasonCode.badUserNameOrPassword);
  t.match(asked[0], {
    clientId: 'c',
    userName: 'anna',
    listener: 'asked',
    address: '192.0.2.1',
    protocolVersion: 5,
    certificateName: undefined,
  });
  t.equal(await login('anna', 'geheim', 'other'), 'anna');
  t.equal(asked.length, 2, 'other listeners do not ask');
});

t.test('allow is as good as a password, for whom the configuration does not refuse', async (t) => {
  const { login } = start(t, () => allow);
  t.equal(await login('anna', 'wrong'), 'anna');
  t.equal(await login('stranger', 'x'), 'stranger');
  t.equal(await login('gone', 'geheim'), ReasonCode.notAuthorized, 'who is disabled stays out');
  t.equal(await login('anna', 'wrong', 'other'), ReasonCode.badUserNameOrPassword);
});

t.test('deny counts as a wrong password: after five the function is not asked any more', async (t) => {
  const { login, asked, statistics } = start(t, () => deny);
  for (let i = 0; i < 5; i++) t.equal(await login('anna', 'geheim'), ReasonCode.notAuthorized);
  const count = asked.length;
  t.equal(count, 5);
  t.equal(statistics.loginsFailed, 5);
  t.equal(await login('anna', 'geheim'), ReasonCode.serverBusy);
  t.equal(asked.length, count);
});

t.test('a function that fails lets nobody in, and is no fault of the client', async (t) => {
  const { login, asked } = start(t, () => ({ decision: 'deny', reason: 'trap', isFailure: true }));
  for (let i = 0; i < 8; i++) t.equal(await login('anna', 'geheim'), ReasonCode.notAuthorized);
  t.equal(asked.length, 8);
});

t.test('a function that does not answer within 200 ms lets nobody in', async (t) => {
  const { login } = start(t, () => new Promise(() => {}));
  t.equal(await login('anna', 'geheim'), ReasonCode.notAuthorized);
});

t.test('a certificate of somebody else is refused before the function is asked', async (t) => {
  const { login } = start(t, (request) => (request.certificateName === undefined ? deny : allow));
  t.equal(await login(undefined, 'x'), ReasonCode.notAuthorized);
});
