/** The `functions` section: WebAssembly modules, what they are given, and what bounds them. */
import { accessSync, constants, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { FunctionConfig } from '../core/config.js';
import { builtinFunctions } from '../core/function.js';
import type { FunctionTrigger } from '../core/function-config.js';
import { nearest } from '../core/nearest.js';
import type { JsonValue } from '../core/route-config.js';
import { fileFault } from './files.js';
import type { ConfigInputs } from './io.js';
import { count, duration, name, rate, say, shown, size, topicFilter, whole } from './values.js';

function list<T extends z.ZodType>(one: T) {
  return z.union([one, z.array(one).min(1)]);
}

function toList<T>(value: T | readonly T[] | undefined): readonly T[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value as T];
}

const deviceGlob = z.string().regex(/^[A-Za-z0-9_.*-]{1,64}$/, {
  error: (issue) => say(`${shown(issue.input)} is not the name of a device`, 'write a name, with * for any part of it'),
});

const pointGlob = z.string().regex(/^[A-Za-z0-9_.*-]{1,64}\/[A-Za-z0-9_.*-]{1,64}$/, {
  error: (issue) =>
    say(
      `${shown(issue.input)} does not name points`,
      'write device/point, with * for any part, such as line-*/temperature',
    ),
});

const httpHost = z
  .string()
  .regex(/^(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:\d{1,5})?$|^\[[0-9a-fA-F:]+\](:\d{1,5})?$/, {
    error: (issue) =>
      say(
        `${shown(issue.input)} is not a host`,
        'write host or host:port without scheme and path; *.example.com for all below it',
      ),
  });

const sha256 = z.string().regex(/^sha256:[0-9a-f]{64}$/, {
  error: (issue) =>
    say(
      `${shown(issue.input)} is not a digest`,
      'write sha256: and 64 hexadecimal digits; `hpmq function pull` writes it',
    ),
});

const image = z
  .string()
  .regex(
    /^[a-zA-Z0-9][a-zA-Z0-9.-]*(:\d{1,5})?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)+(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?$/,
    {
      error: (issue) =>
        say(
          `${shown(issue.input)} is not an image reference`,
          'write registry/name:tag, such as registry.example.com/fn/decoder:1.4',
        ),
    },
  );

/** What a module is made of. Its size is judged when it is loaded. */
function moduleFile(inputs: ConfigInputs) {
  return z
    .string()
    .min(1)
    .transform((path, context): string => {
      if (path.startsWith('builtin:')) {
        const ready = path.slice('builtin:'.length);
        if ((builtinFunctions as readonly string[]).includes(ready)) return path;
        const meant = nearest(ready, builtinFunctions);
        const hint = `${meant === undefined ? '' : `did you mean ${meant}? `}the ready functions are ${builtinFunctions.join(', ')}`;
        context.addIssue({ code: 'custom', message: say(`there is no ready function ${shown(ready)}`, hint) });
        return z.NEVER;
      }
      const full = resolve(inputs.folder, path);
      try {
        if (!statSync(full).isFile()) throw new Error('it is not a regular file');
        accessSync(full, constants.R_OK);
        return full;
      } catch (error) {
        const hint =
          'paths are relative to the folder of the configuration file; `hpmq function build` makes the module';
        context.addIssue({ code: 'custom', message: say(`cannot read ${full}: ${fileFault(error)}`, hint) });
        return z.NEVER;
      }
    });
}

const trigger = z
  .strictObject({
    upstream: list(topicFilter).optional().describe('messages of clients and devices, before anybody gets them'),
    downstream: list(topicFilter).optional().describe('messages of links, before anybody gets them'),
    both: list(topicFilter).optional().describe('messages from wherever they come, before anybody gets them'),
    link: list(
      z.strictObject({
        name: name.describe('of the link'),
        direction: z.enum(['out', 'in']).describe('out: before its outbox; in: before it is published here'),
        filter: topicFilter.default('#').describe('of local topics'),
      }),
    )
      .optional()
      .describe('messages that pass one link'),
    subscribe: list(topicFilter).optional().describe('copies of messages; what comes out is published as well'),
    decode: list(deviceGlob).optional().describe('devices whose frames it turns into points'),
    encode: list(deviceGlob).optional().describe('devices whose commands it turns into frames'),
    connect: z
      .union([z.literal(true), list(z.string().min(1).max(256))])
      .optional()
      .describe('decides who may connect: true, or names of listeners'),
    timer: duration('100ms', '30d').optional().describe('called so often'),
    start: z.literal(true).optional().describe('called once when the gateway starts, and when it is deployed'),
  })
  .superRefine((on, context) => {
    if (Object.values(on).some((value) => value !== undefined)) return;
    context.addIssue({
      code: 'custom',
      message: say('nothing calls this function', 'write what does, such as { upstream: raw/# } or { timer: 10s }'),
    });
  });

const limits = z.strictObject({
  fuel: count(1_000, 10_000_000_000)
    .prefault('2M')
    .describe('of one call: steps (function entries, loop turns) until it is stopped; 2M are 1 to 8 ms'),
  memory: size('64KiB', '1GiB').prefault('4MiB').describe('linear memory'),
  deadline: duration('10ms', '5m').prefault('1s').describe('of one call that waits (http) or runs in a worker'),
  queue: whole(1, 1_000_000).default(1_000).describe('calls that may wait'),
  outputs: whole(0, 100_000).default(100).describe('messages out of one call'),
  outputBytes: size('0B', '256MiB').prefault('1MiB').describe('bytes out of one call'),
  rate: rate(0.001, 1_000_000)
    .prefault('1000/s')
    .describe('messages it adds: what it publishes, and more than one in the place of one'),
});

const grants = z.strictObject({
  kv: size('1KiB', '64MiB').optional().describe('keeps values by key: bytes in all, 256 for each key included'),
  publish: z
    .array(topicFilter)
    .min(1)
    .optional()
    .describe(
      'topics to which it may publish; commands (hpmq/<gateway>/…/set) also as outputs only if they are named here',
    ),
  points: z
    .strictObject({
      read: z.array(pointGlob).default([]).describe('points it may read: device/point, * for any part'),
      command: z.array(pointGlob).default([]).describe('points it may write'),
    })
    .optional()
    .describe('points of devices that it may use'),
  http: z
    .strictObject({
      hosts: z.array(httpHost).min(1).describe('hosts it may ask'),
      timeout: duration('50ms', '2m').prefault('2s').describe('of one request; nine tenths of limits.deadline at most'),
    })
    .optional()
    .describe('servers that it may ask'),
});

const breaker = z.strictObject({
  traps: whole(1, 10_000)
    .default(5)
    .describe('so many errors (with `connect` only until it has decided about somebody) …'),
  time: duration('1ms', '1h')
    .prefault('5ms')
    .describe(
      '… or, from the second on, so much time that all messages waited for them (not in a worker, not with `connect`) …',
    ),
  within: duration('1s', '1d').prefault('60s').describe('… within this time, and it is not asked …'),
  rest: duration('100ms', '1d').prefault('30s').describe('… for this long; after a deployment it is rolled back'),
});

const json: z.ZodType<JsonValue, JsonValue> = z.json() as never;

function functionSchema(inputs: ConfigInputs) {
  return z
    .strictObject({
      image: image.optional().describe('from a registry: registry/name:tag'),
      digest: sha256.optional().describe('of the image: nothing else is run'),
      file: moduleFile(inputs)
        .optional()
        .describe('WebAssembly module; relative to the configuration file, or builtin:NAME for a ready one'),
      on: z
        .union([trigger, z.array(trigger).min(1)], {
          error: ({ input }) =>
            input === undefined ? say('is missing', 'add what calls it, such as { upstream: raw/# }') : undefined,
        })
        .describe('what calls it'),
      config: z.record(z.string().min(1).max(256), json).default({}).describe('what config(key) gives the module'),
      limits: limits.prefault({}).describe('what bounds it'),
      onError: z
        .enum(['pass', 'drop', 'dead-letter'])
        .default('drop')
        .describe(
          'a message that it fails at: pass as it came, drop, or dead-letter (hpmq/<gateway>/$dead/<function>). connect is always denied',
        ),
      isolate: z
        .enum(['inline', 'worker'])
        .default('inline')
        .describe('inline: in the path of messages, metered; worker: in a thread of its own'),
      grants: grants.prefault({}).describe('what it may do beside answering'),
      breaker: breaker.prefault({}).describe('rest after repeated errors'),
    })
    .superRefine((value, context) => {
      const fail = (path: string[], message: string, hint: string) =>
        context.addIssue({ code: 'custom', path, message: say(message, hint) });
      if (value.image === undefined && value.file === undefined) {
        fail([], 'has neither `image` nor `file`', 'add `file: ./module.wasm`, or `image: registry/name:tag`');
      }
      if (value.image !== undefined && value.file !== undefined) {
        fail(['file'], 'has an `image`, too', 'write one of the two');
      }
      if (value.digest !== undefined && value.image === undefined) {
        fail(['digest'], 'pins an `image`, and there is none', 'remove it, or write the image');
      }
    });
}

/** Names become topic levels, folders and origins. */
export function functionsSchema(inputs: ConfigInputs) {
  return z.record(name, functionSchema(inputs)).superRefine((all, context) => {
    for (const one of Object.keys(all)) {
      // ECMA-262 §10.1.11: such keys come first, in ascending order.
      if (!/^\d+$/.test(one)) continue;
      const message = say(
        'is a number, which would lose its place in the order',
        `name it in letters, such as f${one}`,
      );
      context.addIssue({ code: 'custom', path: [one], message });
    }
  });
}

export type ParsedFunction = z.output<ReturnType<typeof functionSchema>>;
type ParsedTrigger = z.output<typeof trigger>;

function triggersOf(on: ParsedTrigger): readonly FunctionTrigger[] {
  const triggers: FunctionTrigger[] = [];
  for (const direction of ['upstream', 'downstream', 'both'] as const) {
    for (const filter of toList(on[direction])) triggers.push({ type: 'path', direction, filter });
  }
  for (const { name: link, direction, filter } of toList(on.link))
    triggers.push({ type: 'link', link, direction, filter });
  for (const filter of toList(on.subscribe)) triggers.push({ type: 'subscribe', filter });
  for (const type of ['decode', 'encode'] as const) {
    if (on[type] !== undefined) triggers.push({ type, devices: toList(on[type]) });
  }
  if (on.connect !== undefined) {
    triggers.push({ type: 'connect', listeners: on.connect === true ? undefined : toList(on.connect) });
  }
  if (on.timer !== undefined) triggers.push({ type: 'timer', every: on.timer });
  if (on.start !== undefined) triggers.push({ type: 'start' });
  return triggers;
}

export function toFunctionConfig(functionName: string, parsed: ParsedFunction): FunctionConfig {
  const { kv, publish, points, http } = parsed.grants;
  return {
    name: functionName,
    source:
      parsed.file === undefined
        ? { type: 'image', image: parsed.image!, digest: parsed.digest }
        : { type: 'file', file: parsed.file },
    triggers: toList(parsed.on).flatMap(triggersOf),
    config: parsed.config,
    limits: parsed.limits,
    onError: parsed.onError,
    isolate: parsed.isolate,
    grants: { kv, publish, points, http },
    breaker: parsed.breaker,
  };
}
