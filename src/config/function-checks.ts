/** Rules between functions and what they name: links, devices, listeners. */
import { globMatches } from '../core/glob.js';
import { choices } from './choices.js';
import type { Path, Report } from './issues.js';
import { listenerName, type ParsedListener } from './listeners.js';
import { isPlain, type Plain } from './merge.js';
import { shown } from './values.js';

export interface FunctionCheckContext {
  readonly report: Report;
  /** Was something found below this path already? Then the value there is not as its schema says. */
  isBroken(path: Path): boolean;
  readonly unjudged: ReadonlySet<string> | undefined;
}

/** `value` is the document as far as it parsed. */
export function checkFunctions(value: Plain, context: FunctionCheckContext): void {
  const functions = isPlain(value.functions) ? value.functions : {};
  for (const [functionName, one] of Object.entries(functions)) {
    const path: Path = ['functions', functionName];
    if (!isPlain(one) || context.isBroken([...path, 'on'])) continue;
    if (Array.isArray(one.on)) {
      for (const [index, on] of one.on.entries()) checkTrigger(value, on, [...path, 'on', index], context);
    } else checkTrigger(value, one.on, [...path, 'on'], context);
    checkPoints(value, one, path, context);
  }
}

/** Each of a value or list, with its path. */
function each(on: Plain, key: string, path: Path): readonly (readonly [unknown, Path])[] {
  const value = on[key];
  if (value === undefined) return [];
  if (!Array.isArray(value)) return [[value, [...path, key]]];
  return value.map((one, index) => [one, [...path, key, index]]);
}

function checkTrigger(
  value: Plain,
  on: unknown,
  path: Path,
  { report, isBroken, unjudged }: FunctionCheckContext,
): void {
  if (!isPlain(on)) return;
  const links = Object.keys(isPlain(value.links) ? value.links : {});
  for (const [link, at] of each(on, 'link', path)) {
    const linkName = isPlain(link) ? link.name : undefined;
    if (typeof linkName !== 'string' || links.includes(linkName) || isBroken(['links'])) continue;
    report(
      [...at, 'name'],
      `there is no link ${shown(linkName)}`,
      links.length === 0 ? 'add it to `links`' : choices('links', linkName, links),
    );
  }
  for (const key of ['decode', 'encode']) {
    for (const [glob, at] of each(on, key, path)) checkDevice(value, glob, at, report, unjudged);
  }
  const broker = isPlain(value.broker) ? value.broker : {};
  if (on.connect === true || !Array.isArray(broker.listeners) || isBroken(['broker', 'listeners'])) return;
  const listeners = (broker.listeners as ParsedListener[]).map(listenerName);
  for (const [listener, at] of each(on, 'connect', path)) {
    if (typeof listener !== 'string' || listeners.includes(listener)) continue;
    report(at, `there is no listener ${shown(listener)}`, choices('listeners', listener, listeners));
  }
}

function checkDevice(value: Plain, glob: unknown, at: Path, report: Report, unjudged?: ReadonlySet<string>): void {
  if (typeof glob !== 'string') return;
  const devices = Object.keys(isPlain(value.devices) ? value.devices : {});
  if ([...devices, ...(unjudged ?? [])].some((device) => globMatches(glob, device))) return;
  const message = glob.includes('*') ? `no device fits ${shown(glob)}` : `there is no device ${shown(glob)}`;
  report(at, message, devices.length === 0 ? 'add it to `devices`' : choices('devices', glob, devices));
}

function checkPoints(value: Plain, one: Plain, path: Path, { report, isBroken, unjudged }: FunctionCheckContext): void {
  const at: Path = [...path, 'grants', 'points'];
  if (isBroken(at) || !isPlain(one.grants) || !isPlain(one.grants.points)) return;
  for (const key of ['read', 'command']) {
    for (const [glob, where] of each(one.grants.points, key, at)) {
      if (typeof glob === 'string') checkDevice(value, glob.split('/')[0], where, report, unjudged);
    }
  }
}
