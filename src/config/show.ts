/** The effective configuration as YAML: what the file says, what the environment changes, and all defaults. */
import { Document, isScalar, type Scalar, visit } from 'yaml';
import type { AnyAdapter } from '../core/adapter.js';
import type { Path } from './issues.js';
import { configJsonSchema, fittingVariants, type JsonSchema } from './json-schema.js';
import { covers, type LoadedConfig } from './load.js';
import { isPlain } from './merge.js';
import type { Profile } from './profiles/file.js';

/** Fills in what the schema gives where the document says nothing. */
function withDefaults(value: unknown, schema: JsonSchema): unknown {
  if (Array.isArray(value)) {
    const item = fittingVariants(schema, value).find(({ items }) => items !== undefined)?.items;
    return item === undefined ? value : value.map((one) => withDefaults(one, item));
  }
  if (!isPlain(value)) return value;
  const variant = fittingVariants(schema, value).find(({ type }) => type === 'object');
  if (variant === undefined) return value;
  const { properties = {}, additionalProperties: more } = variant;
  const filled: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(properties)) {
    const given = Object.hasOwn(value, key) ? value[key] : inner.default;
    if (given !== undefined) filled[key] = withDefaults(given, inner);
  }
  for (const [key, given] of Object.entries(value)) {
    if (!Object.hasOwn(properties, key)) filled[key] = typeof more === 'object' ? withDefaults(given, more) : given;
  }
  return filled;
}

/** Secrets are references in the document; this keeps even a mistake from being shown. */
function withoutSecrets(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((one) => withoutSecrets(one));
  if (isPlain(value))
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withoutSecrets(inner, name)]));
  return /^(password|scram|token|secret|key)$/i.test(key) && value !== undefined ? '(secret)' : value;
}

/** What a profile brings stands in the points: '*' keeps out what was left out. */
function withoutProfilePoints(device: unknown): unknown {
  if (!isPlain(device) || device.profile === undefined || !isPlain(device.points)) return device;
  return { ...device, points: { '*': false, ...device.points } };
}

export function effectiveConfig(loaded: LoadedConfig, adapters: readonly AnyAdapter[]): unknown {
  const filled = withDefaults(loaded.document.value, configJsonSchema(adapters)) as {
    gateway?: object;
    broker?: { auth?: object };
    devices?: Record<string, unknown>;
  };
  const { gateway, broker } = loaded.config;
  const devices = Object.entries(filled.devices ?? {}).map(([name, device]) => [name, withoutProfilePoints(device)]);
  // Defaults that depend on the machine and on other settings.
  return withoutSecrets({
    ...filled,
    ...(devices.length > 0 && { devices: Object.fromEntries(devices) }),
    gateway: { ...filled.gateway, id: gateway.id, data: gateway.data },
    broker: {
      ...filled.broker,
      auth: { ...filled.broker?.auth, anonymous: broker.listeners.every((one) => one.auth.anonymous) },
    },
  });
}

function originOf(loaded: LoadedConfig, path: Path): string {
  const { source, overrides } = loaded.document;
  const override = overrides.findLast((one) => covers(one.path, path));
  if (override !== undefined) return override.variable;
  if (source?.has(path)) return `${source.file}:${source.locate(path, 'value').line}`;
  const profile = path[0] === 'devices' ? loaded.document.profiles.get(String(path[1])) : undefined;
  if (profile !== undefined && saidBy(profile, path.slice(2))) return `profile ${profile.name}`;
  return path.join('.') === 'gateway.id' ? 'host name' : 'default';
}

function saidBy(profile: Profile, path: Path): boolean {
  let value: unknown = { ...profile.device, adapter: profile.adapter, points: profile.points };
  for (const key of path) {
    if (!isPlain(value) || !Object.hasOwn(value, key)) return false;
    value = value[key];
  }
  return true;
}

/** @param options.origin - with the source of each value as a comment */
export function effectiveYaml(
  loaded: LoadedConfig,
  adapters: readonly AnyAdapter[],
  options: { origin?: boolean } = {},
): string {
  const document = new Document(effectiveConfig(loaded, adapters));
  if (options.origin) {
    visit(document, {
      Scalar(key, node, ancestors) {
        if (key === 'key') return;
        const path: (string | number)[] = [];
        const nodes = [...ancestors, node];
        for (const [index, ancestor] of nodes.entries()) {
          const parent = nodes[index - 1] as { items?: readonly unknown[] } | undefined;
          const pairKey = (ancestor as { key?: unknown }).key;
          if (isScalar(pairKey)) path.push(String(pairKey.value));
          else if (parent?.items !== undefined && pairKey === undefined) path.push(parent.items.indexOf(ancestor));
        }
        (node as Scalar).comment = ` ${originOf(loaded, path)}`;
      },
    });
  }
  return document.toString({ lineWidth: 0 });
}
