/** Network namespaces: machines with interfaces of their own, for tests of what happens when one of these goes. Needs root. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Test } from 'tap';
import { hasProgram, type Peer, startPeer } from './peers.js';

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Options of a tap test that needs namespaces. In CI they must be permitted. */
export function needsNamespaces(): { skip?: string } {
  const required = process.env.HPMQ_REQUIRE_PEERS === 'true';
  const name = `hpmq-${randomBytes(4).toString('hex')}`;
  let reason = 'not installed: ip (test/peers/install installs it)';
  if (hasProgram('ip')) {
    try {
      ip('netns', 'add', name);
      ip('netns', 'del', name);
      return {};
    } catch (error) {
      reason = `ip netns is not permitted: ${error instanceof Error ? error.message.split('\n').at(-2) : error}`;
    }
  }
  if (required) throw new Error(reason);
  return { skip: reason };
}

export interface Namespace {
  readonly name: string;
  /** `ip ARGS` in it. */
  ip(...args: readonly string[]): void;
  start(program: string, args: readonly string[], env?: Record<string, string>): Peer;
}

/** With its loopback interface up; gone at the end of the test. */
export function createNamespace(t: Test): Namespace {
  const name = `hpmq-${randomBytes(4).toString('hex')}`;
  ip('netns', 'add', name);
  t.teardown(() => ip('netns', 'del', name));
  const inside = (...args: readonly string[]) => ip('-n', name, ...args);
  inside('link', 'set', 'lo', 'up');
  return {
    name,
    ip: inside,
    start: (program, args, env) => startPeer(t, 'ip', ['netns', 'exec', name, program, ...args], env ? { env } : {}),
  };
}

/** A cable between two of them. */
export function cable(a: Namespace, portA: string, b: Namespace, portB: string): void {
  const [endA, endB] = [`${portA}-${randomBytes(3).toString('hex')}`, `${portB}-${randomBytes(3).toString('hex')}`];
  ip('link', 'add', endA, 'type', 'veth', 'peer', 'name', endB);
  for (const [end, port, { name }] of [
    [endA, portA, a],
    [endB, portB, b],
  ] as const) {
    ip('link', 'set', end, 'netns', name);
    ip('-n', name, 'link', 'set', end, 'name', port);
  }
}
