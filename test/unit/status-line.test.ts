import t from 'tap';
import { statusLine } from '../../src/status-line.js';
import { FakeView } from '../support/fake-view.js';

t.test('state, devices, clients, and the first alarm', async (t) => {
  const status = new FakeView(0).status();
  const none = { starting: 0, online: 0, degraded: 0, offline: 0, paused: 0 };
  const error = { code: 'X', fault: 'device', message: 'unit 3 did not answer', hint: 'look', details: {} } as const;
  const alarm = { severity: 'error', subject: 'device:boiler', since: 0, error } as const;
  t.equal(statusLine({ ...status, state: 'up', devices: none, clients: 0, alarms: [] }), 'up: 0 clients');
  t.equal(
    statusLine({
      ...status,
      state: 'degraded',
      devices: { ...none, online: 2, offline: 1 },
      clients: 1,
      alarms: [alarm],
    }),
    'degraded: 2 devices online, 1 offline, 1 client; 1 alarm: device:boiler: unit 3 did not answer',
  );
  t.equal(
    statusLine({ ...status, state: 'degraded', devices: none, clients: 3, alarms: [alarm, alarm] }),
    'degraded: 3 clients; 2 alarms, the first: device:boiler: unit 3 did not answer',
  );
});
