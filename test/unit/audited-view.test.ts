import t from 'tap';
import { auditedView } from '../../src/audited-view.js';
import type { AuditRecord } from '../../src/core/audit.js';
import { FakeView } from '../support/fake-view.js';

function start() {
  const inner = new FakeView();
  const records: AuditRecord[] = [];
  // Its methods are on the prototype; the gateway's own view is a plain object.
  const plain = Object.fromEntries(
    (['publish', 'write', 'pause', 'resume', 'retry', 'disconnect', 'read', 'points'] as const).map((name) => [
      name,
      (inner[name] as (...args: unknown[]) => unknown).bind(inner),
    ]),
  );
  return { inner, records, view: auditedView(plain as unknown as FakeView, (record) => void records.push(record)) };
}

const short = (records: readonly AuditRecord[]) =>
  records.map(({ who, action, target, outcome }) => `${who}: ${action} ${target}: ${outcome}`);

t.test('what is changed through the control socket is recorded with its outcome, what is read is not', async (t) => {
  const { inner, records, view } = start();
  view.points();
  await view.publish({ topic: 'a/b', text: 'hunter2', qos: 0, retain: false });
  const device = inner.devices_[0]!.name;
  const point = inner.points_.find((one) => one.device === device && one.writable)!.point;
  await view.write(device, point, { value: 50 });
  view.pause(device);
  view.resume(device);
  view.disconnect('scada-1', false);
  view.disconnect('phone-7', true);
  view.disconnect('nobody', false);
  t.strictSame(short(records), [
    'control socket: publish a/b: done',
    `control socket: pause device ${device}: done`,
    `control socket: resume device ${device}: done`,
    'control socket: kick client scada-1: done',
    'control socket: kick client, forget session phone-7: done',
    'control socket: kick client nobody: no such client',
  ]);
  t.notMatch(JSON.stringify(records), /hunter2/, 'no payload; writes are recorded by the devices');
});

t.test('what is refused is recorded with the code of the error, which goes on to the caller', async (t) => {
  const { inner, records } = start();
  const failing = auditedView(
    {
      ...inner,
      pause: () => {
        throw Object.assign(new Error('no'), { code: 'DEVICE_UNKNOWN' });
      },
      publish: () => Promise.reject(new TypeError('broken')),
    } as unknown as FakeView,
    (record) => void records.push(record),
  );
  t.throws(() => failing.pause('x'), { code: 'DEVICE_UNKNOWN' });
  await t.rejects(failing.publish({ topic: 'a', text: '', qos: 0, retain: false }), { name: 'TypeError' });
  t.strictSame(short(records), [
    'control socket: pause device x: DEVICE_UNKNOWN',
    'control socket: publish a: TypeError',
  ]);
});
