/** Eclipse Paho for C against the broker: the client in most industrial devices. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { clientExercise } from '../support/client-exercise.js';
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
  clientExercise(t, (test) => new RemoteClient(test, program, []));
  t.end();
});
