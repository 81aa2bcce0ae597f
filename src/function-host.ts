/** Functions as the gateway has them: their engine, their images, and the points of devices. Loaded only where there are functions. */
import type { FunctionRegistryConfig } from './core/function-config.js';
import type { ServedPoint } from './core/server-role.js';
import type { Devices } from './devices/devices.js';
import type { PointAccess } from './functions/capabilities.js';
import { createFunctions, type Functions, type FunctionsOptions } from './functions/functions.js';
import type { ImageAccess } from './functions/slot-loader.js';

export interface FunctionHostOptions extends Omit<FunctionsOptions, 'compile' | 'points' | 'images'> {
  /** Asked when a function asks. */
  readonly devices: () => Devices;
  readonly registry: FunctionRegistryConfig;
}

export async function createFunctionHost(options: FunctionHostOptions): Promise<Functions> {
  const { compile } = await import('./functions/engine/module.js');
  const images = await imagesOf(options);
  return createFunctions({
    ...options,
    compile,
    points: pointAccess(options.devices),
    ...(images !== undefined && { images }),
  });
}

/** undefined: no function comes from a registry, and nothing is loaded for it. */
async function imagesOf({
  functions,
  registry: config,
  data,
  log,
}: FunctionHostOptions): Promise<ImageAccess | undefined> {
  if (!Object.values(functions).some(({ source }) => source.type === 'image')) return undefined;
  const { Images } = await import('./functions/registry/images.js');
  const { imagesInUse } = await import('./functions/registry/in-use.js');
  const inUse = await imagesInUse(functions, data);
  const registry = new Images({ config, data, log, env: process.env, inUse });
  await registry.collect().catch((error: unknown) => log.warn({ error }, 'images of functions cannot be tidied up'));
  return {
    async resolve(image, digest) {
      const found = await registry.find(image, digest);
      const { reference, layout, signedBy, from } = found;
      log.info(
        { image: reference, layout, signedBy, from, bytes: found.module.length },
        'an image of a function is here',
      );
      return found.module;
    },
    judge: (image, module) => registry.judge(image, module),
  };
}

/** As points are published: value, quality, time, unit. A command is judged as any other, and how it ends is on record. */
function pointAccess(devices: () => Devices): PointAccess {
  const pointOf = (device: string, point: string): ServedPoint | undefined =>
    devices()
      .served(device)
      ?.points.find(({ id }) => id === point);
  return {
    read(device, point) {
      const found = devices().point(device, point);
      if (found === undefined) return undefined;
      const { value, quality, at, unit } = found;
      return { v: value, q: quality, t: at, ...(unit !== undefined && { u: unit }) };
    },
    command(device, point, value, who) {
      const found = pointOf(device, point);
      if (found === undefined) return false;
      try {
        found.check(value, who);
      } catch {
        return false;
      }
      void found.write(value, who, new AbortController().signal);
      return true;
    },
  };
}
