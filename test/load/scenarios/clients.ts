/** 10,000 clients connect, subscribe and exchange; every message arrives, once and in order. */
import { startGateway, startWorker } from '../processes.js';
import { brokerYaml, megabytes, type Scenario } from '../scenario.js';

export const clients: Scenario = async function* ({ short, entry }) {
  await using stack = new AsyncDisposableStack();
  const workers = 2;
  const each = short ? 20 : 5_000;
  const [rounds, shared, group] = short ? [3, 5, 10] : [5, 20, 20];
  const limits = { connections: each * workers, pendingBytes: '512MB', connectRate: 0, connectRatePerAddress: 0 };
  const gateway = await startGateway(stack, brokerYaml(limits), {}, entry);
  const emptyBytes = gateway.residentBytes();
  const cpuBefore = gateway.cpuSeconds();
  const running = Array.from({ length: workers }, (_, i) =>
    startWorker(stack, 'exchange', {
      port: gateway.port,
      first: i * each,
      clients: each,
      group,
      rounds,
      shared,
      allClients: each * workers,
      connectAtOnce: 100,
    }),
  );
  await Promise.all(running.map((worker) => worker.hear('connected')));
  const connectedBytes = gateway.residentBytes();
  const cpuConnected = gateway.cpuSeconds();
  for (const worker of running) worker.say('exchange');
  await Promise.all(running.map((worker) => worker.hear('done')));
  const cpuDone = gateway.cpuSeconds();
  const doneBytes = gateway.residentBytes();
  for (const worker of running) worker.say('close');
  const results = await Promise.all(running.map((worker) => worker.result));
  const sum = (key: 'expected' | 'received' | 'wrong') => results.reduce((all, result) => all + result[key], 0);
  const failures: string[] = [];
  if (sum('received') !== sum('expected')) failures.push(`${sum('received')} of ${sum('expected')} messages arrived`);
  if (sum('wrong') > 0) failures.push(`${sum('wrong')} messages twice, out of order or not for this client`);
  const connectMs = Math.max(...results.map((result) => result.connectMs));
  const exchangeMs = Math.max(...results.map((result) => result.exchangeMs));
  yield {
    scenario: 'clients',
    failures,
    figures: {
      clients: each * workers,
      'connected per second': Math.round((each * workers * 1_000) / connectMs),
      'CPU per connect+subscribe': `${(((cpuConnected - cpuBefore) * 1e6) / (each * workers)).toFixed(0)} µs`,
      delivered: sum('received'),
      'per second': Math.round((sum('received') * 1_000) / exchangeMs),
      'CPU per delivery': `${(((cpuDone - cpuConnected) * 1e6) / sum('received')).toFixed(1)} µs`,
      'RSS empty': megabytes(emptyBytes),
      connected: megabytes(connectedBytes),
      exchanged: megabytes(doneBytes),
    },
  };
};
