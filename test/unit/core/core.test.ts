/** The small nouns: errors, ring, backoff, transport names. */
import t from 'tap';
import { backoffDelays } from '../../../src/core/backoff.js';
import { errorsOf, errorView, GatewayError, toGatewayError } from '../../../src/core/errors.js';
import { Ring } from '../../../src/core/ring.js';
import { characterTimeMs, endpointName, type SerialEndpoint } from '../../../src/core/transport.js';

t.test('an error carries who acts, what to do and its cause', async (t) => {
  const error = errorsOf({ LOST: { fault: 'device', hint: 'check the cable' } });
  const cause = new Error('EIO');
  const lost = error('LOST', 'unit 3 is gone', { cause, details: { unit: 3 } });
  t.equal(lost.cause, cause);
  t.strictSame(errorView(lost), {
    code: 'LOST',
    fault: 'device',
    message: 'unit 3 is gone',
    hint: 'check the cable',
    details: { unit: 3 },
  });
  t.equal(error('LOST', 'x', { hint: 'look again' }).hint, 'look again');
  t.notOk('details' in errorView(error('LOST', 'x')));
  t.equal(toGatewayError(lost), lost);
  const bug = toGatewayError(new TypeError('x is undefined'));
  t.type(bug, GatewayError);
  t.match(bug, { code: 'INTERNAL', fault: 'bug', message: 'x is undefined', cause: TypeError });
});

t.test('a ring keeps the newest', async (t) => {
  const ring = new Ring<number>(3);
  t.strictSame([...ring], []);
  for (let i = 1; i <= 5; i++) ring.push(i);
  t.strictSame([...ring], [3, 4, 5]);
  t.equal(ring.size, 3);
  t.throws(() => new Ring(0), RangeError);
});

t.test('retries grow to their limit, with jitter in the upper half', async (t) => {
  const first = (random: number, n: number) =>
    backoffDelays({ first: 100, max: 1_000 }, () => random)
      .take(n)
      .toArray();
  t.strictSame(first(1, 6), [100, 200, 400, 800, 1_000, 1_000]);
  t.strictSame(first(0, 3), [50, 100, 200]);
});

t.test('endpoints as people read them', async (t) => {
  const line: SerialEndpoint = {
    type: 'serial',
    path: '/dev/ttyS1',
    baudRate: 19_200,
    dataBits: 8,
    parity: 'even',
    stopBits: 1,
  };
  t.equal(endpointName(line), '/dev/ttyS1 19200 8E1');
  t.equal(endpointName({ type: 'tcp', host: '10.0.0.7', port: 502 }), '10.0.0.7:502');
  t.equal(endpointName({ type: 'tcp', host: '::1', port: 502 }), '[::1]:502');
  t.equal(characterTimeMs(line), 11_000 / 19_200, '11 bits: start, 8 data, parity, stop');
});
