/** Rules between listeners, and between listeners and `auth`. */
import { isIPv4 } from 'node:net';
import { hasMethod } from './access.js';
import type { Report } from './issues.js';
import { isPlain, type Plain } from './merge.js';

/** Only programs on the same machine reach it. */
export function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || (isIPv4(address) && address.startsWith('127.'));
}

const ANY = new Set(['0.0.0.0', '::']);

/** A listener, parsed or not. */
export interface ListenerPlace {
  readonly type?: unknown;
  readonly host?: unknown;
  readonly port?: unknown;
  readonly path?: unknown;
  readonly systemd?: unknown;
  readonly proxyProtocol?: unknown;
}

/** Clients are programs on this machine. Behind a proxy they may be anywhere, and where systemd listens is not known. */
export function isLocal(one: ListenerPlace): boolean {
  if (one.proxyProtocol === true || one.systemd !== undefined) return false;
  return one.type === 'unix' || (typeof one.host === 'string' && isLoopback(one.host));
}

function overlap(a: ListenerPlace, b: ListenerPlace): boolean {
  if (a.systemd !== undefined || b.systemd !== undefined) return a.systemd === b.systemd;
  if (a.type === 'unix' || b.type === 'unix') return a.type === b.type && a.path === b.path;
  return a.port === b.port && a.port !== 0 && (a.host === b.host || ANY.has(String(a.host)) || ANY.has(String(b.host)));
}

function placeText(one: ListenerPlace): string {
  if (one.systemd !== undefined) return `the socket ${one.systemd} of systemd`;
  return one.type === 'unix' ? String(one.path) : `${one.host}:${one.port}`;
}

function isComplete(one: Plain): boolean {
  if (one.systemd !== undefined) return typeof one.systemd === 'string';
  return one.type === 'unix'
    ? typeof one.path === 'string'
    : typeof one.host === 'string' && typeof one.port === 'number';
}

/** Nobody said how clients prove who they are, nor that they need not. */
function isUnguarded(auth: unknown, own: unknown): boolean {
  const said = [own, auth].map((one) => (isPlain(one) ? one.anonymous : undefined));
  return said.find((one) => one !== undefined) !== true && !hasMethod(auth, own);
}

/** `value` may hold parts that did not parse. */
export function checkListeners(value: unknown, report: Report): void {
  if (!isPlain(value) || !Array.isArray(value.listeners)) return;
  const seen = new Map<number, ListenerPlace>();
  const names = new Map<unknown, number>();
  for (const [index, one] of value.listeners.entries()) {
    if (!isPlain(one)) continue;
    const at = ['broker', 'listeners', index];
    if (one.name !== undefined) {
      const other = names.get(one.name);
      if (other !== undefined) {
        report([...at, 'name'], `broker.listeners[${other}] has this name already`, 'give every listener its own name');
      } else names.set(one.name, index);
    }
    if (one.proxies !== undefined && one.proxyProtocol !== true) {
      report([...at, 'proxies'], 'no proxy is expected here', 'add `proxyProtocol: true`, or remove proxies');
    }
    if (!isComplete(one)) continue;
    if (!isLocal(one) && isUnguarded(value.auth, one.auth)) reportOpen(one, at, report);
    const other = [...seen].find(([, before]) => overlap(before, one));
    if (other !== undefined) {
      report(
        at,
        `${placeText(one)} overlaps with broker.listeners[${other[0]}] (${placeText(other[1])})`,
        `give every listener its own ${one.systemd === undefined && one.type !== 'unix' ? 'port' : 'socket'}, or remove one of the two`,
      );
    }
    seen.set(index, one);
  }
}

function reportOpen(one: ListenerPlace, at: readonly (string | number)[], report: Report): void {
  if (one.systemd !== undefined || one.proxyProtocol === true) {
    const key = one.systemd === undefined ? 'proxyProtocol' : 'systemd';
    const who = one.systemd === undefined ? 'whoever the proxy lets through' : 'whoever systemd lets through';
    report(
      [...at, key],
      `${placeText(one)} would serve ${who} without authentication`,
      'add `broker.auth.users: users.yaml`, or accept it with `broker.auth.anonymous: true`',
    );
    return;
  }
  report(
    [...at, 'host'],
    `${placeText(one)} would be reachable from the network without authentication`,
    'listen on 127.0.0.1, add `broker.auth.users: users.yaml`, or accept it with `broker.auth.anonymous: true`',
  );
}
