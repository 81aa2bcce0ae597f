/** How people name a point: `boiler.setpoint`, `boiler/setpoint` or two words. Names may themselves contain dots. */
import type { PointView } from '../core/views.js';
import type { Cli } from './cli.js';
import { cliError } from './errors.js';

export interface PointName {
  readonly device: string;
  readonly point: string;
}

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
  throw await unknownPoint(
    name,
    items.map((one) => `${one.device}.${one.point}`),
  );
}

export async function unknownPoint(name: string, known: readonly string[]) {
  const { nearest } = await import('../core/nearest.js');
  const close = nearest(name, known);
  return cliError('CLI_UNKNOWN_POINT', `there is no point or device "${name}"`, {
    hint: `${close === undefined ? '' : `did you mean ${close}? `}list them with \`hpmq point list\``,
  });
}
