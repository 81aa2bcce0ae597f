/** From a draft to a file that `hpmq config check` accepts: what the schema refuses is taken out, and told. */
import { Document, isMap, type Pair, visit } from 'yaml';
import { describeIssue, type Finding, findingsOf } from '../config/issues.js';
import { createConfigSchema } from '../config/schema.js';
import type { AnyAdapter } from '../core/adapter.js';
import type { Draft, ImportFinding } from './draft.js';

export interface Imported {
  readonly yaml: string;
  /** Entries of the source that mean a point; each of them is mapped or has a finding `unmapped`. */
  readonly entries: number;
  readonly mapped: number;
  readonly points: number;
  readonly devices: number;
  readonly ports: number;
  readonly findings: readonly ImportFinding[];
}

/** Each round takes at least one thing out. */
const MAX_ROUNDS = 1_000;

export function finish(draft: Draft, adapters: readonly AnyAdapter[], title: string): Imported {
  const schema = createConfigSchema(adapters);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const result = schema.safeParse(documentOf(draft), { error: describeIssue, reportInput: true });
    if (result.success) break;
    for (const finding of findingsOf(result.error.issues)) takeOut(draft, finding);
  }
  dropEmpty(draft);
  const devices = [...draft.devices.values()];
  const points = devices.flatMap((device) => [...device.points.values()]);
  return {
    yaml: yamlOf(draft, title),
    entries: draft.entries,
    mapped: points.reduce((sum, point) => sum + 1 + point.merged.length, 0),
    points: points.length,
    devices: devices.length,
    ports: draft.ports.size,
    findings: draft.findings.toSorted((a, b) => a.line - b.line),
  };
}

function documentOf(draft: Draft) {
  return {
    ports: Object.fromEntries(draft.ports),
    devices: Object.fromEntries(
      [...draft.devices].map(([name, { settings, points }]) => [
        name,
        { ...settings, points: Object.fromEntries([...points].map(([id, point]) => [id, point.settings])) },
      ]),
    ),
  };
}

function takeOut(draft: Draft, { path, message, hint }: Finding): void {
  const [section, name, inner, id] = path.map(String);
  const reason = `${message}: ${hint}`;
  if (section === 'devices' && inner === 'points' && id !== undefined) {
    const points = draft.devices.get(name!)?.points;
    refusePoint(draft, name!, id, reason);
    points?.delete(id);
  } else if (section === 'devices' && name !== undefined) refuseDevice(draft, name, reason);
  else if (section === 'ports' && name !== undefined) {
    for (const [device, { settings }] of draft.devices) {
      if (settings.port === name) refuseDevice(draft, device, `its port: ${reason}`);
    }
    draft.ports.delete(name);
  } else throw new Error(`an import made a configuration that is not valid: ${path.join('.')}: ${reason}`);
}

function refusePoint(draft: Draft, device: string, id: string, reason: string): void {
  const point = draft.devices.get(device)?.points.get(id);
  for (const { line, entry } of point === undefined ? [] : [point, ...point.merged]) draft.refuse(line, entry, reason);
}

function refuseDevice(draft: Draft, name: string, reason: string): void {
  for (const id of draft.devices.get(name)?.points.keys() ?? []) refusePoint(draft, name, id, reason);
  draft.devices.delete(name);
}

/** Devices without points, and ports without devices, are of no use. */
function dropEmpty(draft: Draft): void {
  for (const [name, { points }] of draft.devices) if (points.size === 0) draft.devices.delete(name);
  const used = new Set([...draft.devices.values()].map(({ settings }) => settings.port));
  for (const name of draft.ports.keys()) if (!used.has(name)) draft.ports.delete(name);
}

/** Ports and points take one line each, as people write them. */
function yamlOf(draft: Draft, title: string): string {
  const document = new Document(documentOf(draft));
  document.commentBefore = ` ${title}`;
  visit(document, {
    Pair(_key, pair, ancestors) {
      const keys = ancestors.flatMap((one) => keyOf(one as Pair));
      const isPort = keys[0] === 'ports' && keys.length === 1;
      const isPoint = keys[0] === 'devices' && keys[2] === 'points' && keys.length === 3;
      if ((isPort || isPoint) && isMap(pair.value)) pair.value.flow = true;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: true, singleQuote: true });
}

function keyOf(node: { readonly key?: unknown }): readonly string[] {
  const key = node.key as { readonly value?: unknown } | undefined;
  return key?.value === undefined ? [] : [String(key.value)];
}
