/** How people name a device, and a point: `boiler.setpoint`, `boiler/setpoint` or two words. Names may themselves contain dots. */
import type { DeviceView, PointView } from '../core/views.js';
import type { Cli } from './cli.js';
import { cliError, cliErrors } from './errors.js';

export async function resolvePoint(cli: Cli, words: readonly string[]): Promise<PointView> {
  const { items } = await cli.request('GET /v1/points');
  const [first = '', second] = words;
  const found = items.filter((one) =>
    second === undefined
      ? `${one.device}.${one.point}` === first || `${one.device}/${one.point}` === first
      : one.device === first && one.point === second,
  );
  if (found.length === 1) return found[0]!;
  const name = second === undefined ? first : `${first}.${second}`;
  if (found.length > 1) {
    const device = found[0]!.device;
    throw cliError('CLI_UNKNOWN_POINT', `"${name}" names ${found.length} points`, {
      hint: `write device and point as two words, such as \`${device} ${found[0]!.point}\``,
    });
  }
  const inside = items.find((one) => one.device === name);
  if (inside !== undefined) {
    throw cliError('CLI_UNKNOWN_POINT', `"${name}" is a device, not a point`, {
      hint: `name one of its points, such as ${name}.${inside.point}; list them with \`hpmq point list ${name}\``,
    });
  }
  throw await unknown(
    'CLI_UNKNOWN_POINT',
    `there is no point "${name}"`,
    name,
    items.map((one) => `${one.device}.${one.point}`),
  );
}

export async function resolveDevice(cli: Cli, name: string): Promise<DeviceView> {
  const { items } = await cli.request('GET /v1/devices');
  const found = items.find((one) => one.name === name);
  if (found !== undefined) return found;
  throw await unknown(
    'CLI_UNKNOWN_DEVICE',
    `there is no device "${name}"`,
    name,
    items.map((one) => one.name),
  );
}

/** An error for a name that does not exist, with the one that was probably meant. */
export async function unknown(code: keyof typeof cliErrors, message: string, name: string, known: readonly string[]) {
  const { nearest } = await import('../core/nearest.js');
  const close = nearest(name, known);
  return cliError(code, message, {
    hint: `${close === undefined ? '' : `did you mean ${close}? `}${cliErrors[code].hint}`,
  });
}
