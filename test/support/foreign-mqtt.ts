/** mosquitto's command line clients, as tests use them. */
import { execFile } from 'node:child_process';
import type { Test } from 'tap';
import { eventually, PATIENCE, startPeer } from './peers.js';

/** Resolves with the first payload on the topic that fits, from the start of the subscription on. */
export type Seen = (topic: string, fits: (payload: string) => boolean, timeoutMs?: number) => Promise<string>;

/** Runs mosquitto_sub until the end of the test; resolves when its subscription stands. */
export async function mqttSubscribe(
  t: Test,
  port: number,
  filter: string,
  ...options: readonly string[]
): Promise<Seen> {
  // Line by line: it buffers what it says about itself when its output is a pipe.
  const peer = startPeer(t, 'stdbuf', [
    '-oL',
    'mosquitto_sub',
    '-h',
    '127.0.0.1',
    '-p',
    String(port),
    '-d',
    '-q',
    '1',
    '-F',
    '=> %t %p',
    '-t',
    filter,
    ...options,
  ]);
  await peer.sees(/Subscribed \(mid/);
  const lines = () =>
    peer
      .stdout()
      .split('\n')
      .filter((line) => line.startsWith('=> '));
  return (topic, fits, timeoutMs = 10_000) =>
    eventually(() => {
      for (const line of lines()) {
        const payload = line.slice(topic.length + 4);
        if (line.startsWith(`=> ${topic} `) && fits(payload)) return payload;
      }
      return undefined;
    }, timeoutMs).catch((error: unknown) => {
      throw new Error(`${topic} was not seen; what came: ${lines().slice(-10).join(' | ')}`, { cause: error });
    });
}

/** One message by mosquitto_pub. */
export function mqttPublish(
  port: number,
  topic: string,
  payload: string,
  ...options: readonly string[]
): Promise<void> {
  return new Promise((resolve, reject) => {
    const args = ['-h', '127.0.0.1', '-p', String(port), '-q', '1', '-t', topic, '-m', payload, ...options];
    execFile('mosquitto_pub', args, { timeout: 10_000 * PATIENCE }, (error, _stdout, stderr) => {
      if (error === null) resolve();
      else reject(new Error(`mosquitto_pub failed: ${stderr}`, { cause: error }));
    });
  });
}

export interface PublishedReading {
  readonly v: unknown;
  readonly q: string;
  readonly t: number;
  readonly u?: string;
  readonly e?: string;
}

export function reading(payload: string): PublishedReading {
  return JSON.parse(payload) as PublishedReading;
}
