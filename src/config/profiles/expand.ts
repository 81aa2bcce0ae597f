/**
 * Puts profiles into the document before it is checked: what the device itself says goes before what its profile says,
 * so that from here on there are only devices with points.
 */
import { nearest } from '../../core/nearest.js';
import { choices } from '../choices.js';
import { ConfigError, type ConfigProblem } from '../errors.js';
import type { Finding, Path } from '../issues.js';
import { isPlain, type Plain } from '../merge.js';
import { shown } from '../values.js';
import type { Profile } from './file.js';
import type { ProfileLibrary } from './library.js';

/** Stands for all points of the profile. */
const ALL = '*';

export interface Expanded {
  readonly document: unknown;
  /** Problems of what the configuration says. */
  readonly findings: readonly Finding[];
  /** Problems of profile files. */
  readonly problems: readonly ConfigProblem[];
  /** By device. */
  readonly profiles: ReadonlyMap<string, Profile>;
  /** Devices that were left out, for want of their profile. */
  readonly unjudged: ReadonlySet<string>;
}

export function expandProfiles(document: unknown, library: () => ProfileLibrary): Expanded {
  const devices = isPlain(document) && isPlain(document.devices) ? document.devices : {};
  const findings: Finding[] = [];
  const problems = new Map<string, ConfigProblem>();
  const profiles = new Map<string, Profile>();
  const expanded: Record<string, unknown> = {};
  for (const [name, device] of Object.entries(devices)) {
    if (!isPlain(device) || typeof device.profile !== 'string') continue;
    try {
      const profile = find(device.profile, library(), ['devices', name, 'profile'], findings);
      if (profile === undefined) {
        // Without its profile nothing else of the device can be judged.
        expanded[name] = undefined;
        continue;
      }
      profiles.set(name, profile);
      expanded[name] = withProfile(device, profile, ['devices', name], findings);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const problem of error.problems) problems.set(JSON.stringify(problem), problem);
      expanded[name] = undefined;
    }
  }
  const unjudged = new Set(Object.keys(expanded).filter((name) => expanded[name] === undefined));
  if (Object.keys(expanded).length === 0) return { document, findings, problems: [], profiles, unjudged };
  const all = Object.fromEntries(
    Object.entries({ ...devices, ...expanded }).filter(([, device]) => device !== undefined),
  );
  const result: Plain = { ...(document as Plain), devices: all };
  return { document: result, findings, problems: [...problems.values()], profiles, unjudged };
}

/** `vendor/model`, or `vendor/model@1`: with that version, as far as it is given. */
function find(text: string, library: ProfileLibrary, path: Path, findings: Finding[]): Profile | undefined {
  const [name = '', wanted] = text.split('@', 2);
  const profile = library.get(name);
  if (profile === undefined) {
    const names = library.list().map((place) => place.name);
    const hint = `${choices('profiles', name, names)}; \`hpmq profile list\` shows all`;
    findings.push({ path, at: 'value', message: `there is no profile ${shown(name)}`, hint });
    return undefined;
  }
  if (wanted !== undefined && !`${profile.version}.`.startsWith(`${wanted}.`)) {
    const message = `the profile ${name} has version ${profile.version}, not ${wanted}`;
    findings.push({ path, at: 'value', message, hint: `write ${name}@${profile.version}, or leave the version away` });
  }
  return profile;
}

function withProfile(device: Plain, profile: Profile, path: Path, findings: Finding[]): Plain {
  const given = isPlain(device.points) ? device.points : {};
  const points: Record<string, unknown> = {};
  const forAll = given[ALL];
  for (const [id, point] of Object.entries(profile.points)) {
    const own = Object.hasOwn(given, id) ? given[id] : undefined;
    if (own === false || (forAll === false && own === undefined)) continue;
    points[id] = over(isPlain(forAll) ? over(point, forAll) : point, own ?? {});
  }
  for (const [id, own] of Object.entries(given)) {
    if (id === ALL || Object.hasOwn(profile.points, id)) continue;
    // A point with an address of its own is one that the profile does not know.
    const isNew = isPlain(own) && ownKeys(profile).some((key) => Object.hasOwn(own, key));
    if (isNew) {
      points[id] = own;
      continue;
    }
    const close = nearest(id, Object.keys(profile.points));
    const message = `the profile ${profile.name} has no point ${shown(id)}`;
    const hint =
      close === undefined ? `\`hpmq profile show ${profile.name}\` lists its points` : `did you mean ${close}?`;
    findings.push({ path: [...path, 'points', id], at: 'key', message, hint });
  }
  const { points: _, ...settings } = device;
  const base: Plain = { adapter: profile.adapter, ...profile.device };
  // What is not a mapping stays as it is: the schema tells.
  const broken = device.points !== undefined && !isPlain(device.points);
  return { ...(over(base, settings) as Plain), points: broken ? device.points : points };
}

/** Keys by which a point is known to have an address: those that every point of the profile has. */
function ownKeys(profile: Profile): readonly string[] {
  const [first = {}, ...others] = Object.values(profile.points);
  return Object.keys(first).filter((key) => key !== 'unit' && others.every((point) => Object.hasOwn(point, key)));
}

/** Mappings are merged, everything else is replaced. */
function over(base: unknown, own: unknown): unknown {
  if (!isPlain(base) || !isPlain(own)) return own;
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(own)) {
    result[key] = Object.hasOwn(base, key) ? over(base[key], value) : value;
  }
  return result;
}
