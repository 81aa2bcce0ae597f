/** A server that masters of others read, as the control API shows it. */
import type { ServerView } from '../../src/api/contract.js';

export const fakeServers: readonly ServerView[] = [
  {
    name: 'scada',
    type: 'modbus',
    endpoint: '0.0.0.0:502',
    state: 'up',
    since: Date.UTC(2026, 0, 1),
    masters: 2,
    connections: 5,
    refused: 1,
    requests: 4_711,
    exceptions: { '2': 14, '11': 3 },
    dropped: 0,
  },
];
