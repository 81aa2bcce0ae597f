/** Eclipse Paho for Python against the broker: the client that Home Assistant and most scripts use. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { clientExercise } from '../support/client-exercise.js';
import { transportExercise } from '../support/client-transports.js';
import { PYTHON } from '../support/modbus-peers.js';
import { needs, repoRoot } from '../support/peers.js';
import { RemoteClient } from '../support/remote-client.js';

function needsPaho() {
  try {
    execFileSync(PYTHON, ['-c', 'import paho.mqtt.client'], { stdio: 'ignore' });
    return {};
  } catch {
    return needs('python3-paho-mqtt');
  }
}

t.test('paho-mqtt for Python', needsPaho(), (t) => {
  const script = join(repoRoot, 'test/peers/paho-client.py');
  const start = (test: Test) => new RemoteClient(test, PYTHON, [script]);
  clientExercise(t, start);
  t.test('TLS and WebSocket', needs('openssl'), (t) => transportExercise(t, start));
  t.end();
});
