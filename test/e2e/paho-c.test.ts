/** Eclipse Paho for C against the broker: the client in most industrial devices. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { clientExercise } from '../support/client-exercise.js';
import { transportExercise } from '../support/client-transports.js';
import { needs, repoRoot } from '../support/peers.js';
import { RemoteClient } from '../support/remote-client.js';

const hasLibrary = existsSync('/usr/include/MQTTClient.h');

t.test('libpaho-mqtt', needs('gcc', ...(hasLibrary ? [] : ['libpaho-mqtt-dev'])), (t) => {
  const program = join(t.testdir(), 'paho-client');
  execFileSync('gcc', [
    '-Wall',
    '-Wextra',
    '-Werror',
    '-o',
    program,
    join(repoRoot, 'test/peers/paho-client.c'),
    '-lpaho-mqtt3cs',
    '-lpthread',
  ]);
  const start = (test: Test) => new RemoteClient(test, program, []);
  clientExercise(t, start);
  t.test('TLS and WebSocket', needs('openssl'), (t) => transportExercise(t, start));
  t.end();
});
