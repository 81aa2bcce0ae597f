/** A configuration in the making, and the report of what became of each entry of the source. */

import type { Tree } from './tree.js';

/** assumed: the source does not say it; ignored: it says it, and there is no place for it; unmapped: a point is missing. */
export type FindingKind = 'unmapped' | 'assumed' | 'ignored';

export interface ImportFinding {
  readonly kind: FindingKind;
  /** Of the source, from 1. */
  readonly line: number;
  /** The entry as the source names it. */
  readonly entry: string;
  readonly message: string;
}

export type Settings = Readonly<Record<string, unknown>>;

export interface DraftPoint {
  readonly line: number;
  readonly entry: string;
  readonly settings: Record<string, unknown>;
  /** Further entries of the source that ended in this point (a write beside the read). */
  readonly merged: { readonly line: number; readonly entry: string }[];
}

export interface DraftDevice {
  readonly line: number;
  readonly settings: Record<string, unknown>;
  readonly points: Map<string, DraftPoint>;
}

/** Names of ports, devices and points. */
const MAX_NAME = 64;

export class Draft {
  readonly ports = new Map<string, Settings>();
  readonly devices = new Map<string, DraftDevice>();
  readonly findings: ImportFinding[] = [];
  /** Entries of the source that mean a point. */
  entries = 0;

  tell(kind: FindingKind, line: number, entry: string, message: string): void {
    this.findings.push({ kind, line, entry, message });
  }

  /** The entry becomes no point. */
  refuse(line: number, entry: string, message: string): void {
    this.tell('unmapped', line, entry, message);
  }

  /** One entry of the source that means a point; `make` returns why it becomes none. */
  entry(tree: Tree, name: string, make: () => string | undefined): void {
    this.entries++;
    const reason = make();
    if (reason === undefined) return;
    this.refuse(tree.line, name === '' ? '(without a name)' : name, reason);
    tree.skip();
  }

  /** The port with these settings; devices of one wire share it. @returns its name */
  port(wanted: string, settings: Settings): string {
    const text = JSON.stringify(wireOf(settings));
    for (const [name, known] of this.ports) if (JSON.stringify(wireOf(known)) === text) return name;
    const name = unique(safe(wanted, 'port'), this.ports);
    this.ports.set(name, settings);
    return name;
  }

  /** The device with this name and these settings, made when it is not there yet. */
  device(line: number, wanted: string, settings: Settings): DraftDevice {
    const text = JSON.stringify(settings);
    const name = safe(wanted, 'device');
    const known = this.devices.get(name);
    if (known !== undefined && JSON.stringify(known.settings) === text) return known;
    const device: DraftDevice = { line, settings: { ...settings }, points: new Map() };
    this.devices.set(unique(name, this.devices), device);
    return device;
  }

  /** @returns the name that the point got */
  point(device: DraftDevice, line: number, entry: string, settings: Settings): string {
    const wanted = safe(entry, 'point');
    const name = unique(wanted === 'set' ? 'set-1' : wanted, device.points);
    if (name !== entry) this.tell('assumed', line, entry, `named ${name}`);
    device.points.set(name, { line, entry, settings: compact(settings), merged: [] });
    return name;
  }

  /** Settings of the source that nobody read. */
  ignore(unread: Iterable<{ readonly line: number; readonly path: string }>, reason = 'has no counterpart'): void {
    for (const { line, path } of unread) this.tell('ignored', line, path, reason);
  }
}

/** What makes a wire the same as another. */
function wireOf({ type, host, port, path }: Settings): Settings {
  return { type, host, port, path };
}

function compact(settings: Settings): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

/** A name that is valid as a topic level of ours. */
export function safe(text: string, fallback: string): string {
  const name = text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[^A-Za-z0-9_.-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, MAX_NAME);
  return name === '' ? fallback : name;
}

function unique(wanted: string, taken: ReadonlyMap<string, unknown>): string {
  if (!taken.has(wanted)) return wanted;
  for (let number = 2; ; number++) {
    const name = `${wanted.slice(0, MAX_NAME - 6)}-${number}`;
    if (!taken.has(name)) return name;
  }
}
