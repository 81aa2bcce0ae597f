/** The whole schema: in goes the YAML document, out comes the {@link GatewayConfig} that services receive. */
import { resolve } from 'node:path';
import { z } from 'zod';
import type { AnyAdapter } from '../core/adapter.js';
import type { GatewayConfig, MetricsConfig, StoreConfig } from '../core/config.js';
import type { HistoryConfig } from '../core/history.js';
import { brokerSchema, checkReferral, type ParsedBroker, toBrokerConfig } from './broker.js';
import { type CheckContext, checkPortsAndDevices } from './checks.js';
import { devicesSchema, type ParsedDevice, toDeviceConfig } from './devices.js';
import { checkFunctions } from './function-checks.js';
import { functionRegistrySchema, type ParsedFunctionRegistry, toFunctionRegistryConfig } from './function-registry.js';
import { functionsSchema, type ParsedFunction, toFunctionConfig } from './functions.js';
import { checkHistory, historySchema } from './history.js';
import { type ConfigInputs, processInputs, socketPath } from './io.js';
import type { Report } from './issues.js';
import { linksSchema, type ParsedLink, toLinkConfig } from './links.js';
import { checkListeners } from './listener-rules.js';
import type { Plain } from './merge.js';
import { type ParsedPort, portSchema, toPortConfig } from './ports.js';
import { checkServers, type ParsedServer, serversSchema, toServerConfig } from './servers.js';
import { defaultDataFolder, storeSchema, toStoreConfig } from './store.js';
import { checkUpdate } from './update-checks.js';
import { host, MAX_NAME_LENGTH, name, say, whole } from './values.js';
import { checkConditions } from './write.js';

/** A host name as a gateway id: it becomes a topic level. */
export function topicSafe(hostName: string): string {
  return hostName.replace(/[^A-Za-z0-9_.-]/g, '-').slice(0, MAX_NAME_LENGTH) || 'gateway';
}

/** Figures say nothing of payloads, but much of the plant: the loopback interface unless told otherwise. */
const metrics = z.strictObject({
  host: host.default('127.0.0.1').describe('address to listen on; there is no authentication'),
  port: whole(0, 65_535).default(9_464).describe('0: any free port'),
});

interface Parsed {
  readonly gateway: { readonly id?: string | undefined; readonly data?: string | undefined };
  readonly store: StoreConfig;
  readonly broker: ParsedBroker;
  readonly ports: Readonly<Record<string, ParsedPort>>;
  readonly devices: Readonly<Record<string, ParsedDevice>>;
  readonly servers: Readonly<Record<string, ParsedServer>>;
  readonly links: Readonly<Record<string, ParsedLink>>;
  readonly functions: Readonly<Record<string, ParsedFunction>>;
  readonly functionRegistry: ParsedFunctionRegistry;
  readonly history?: HistoryConfig | undefined;
  readonly api: { readonly socket?: string | undefined; readonly metrics?: MetricsConfig | undefined };
  readonly log: GatewayConfig['log'];
  readonly tui: GatewayConfig['tui'];
  readonly update: GatewayConfig['update'];
}

/** The port of a device that needs none. */
const MEMORY_PORT: ParsedPort = { type: 'memory', timeout: 1_000, pause: 0 };

function mapValues<T, U>(record: Readonly<Record<string, T>>, map: (key: string, value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(key, value)]));
}

function toGatewayConfig(parsed: Parsed, adapters: readonly AnyAdapter[], inputs: ConfigInputs): GatewayConfig {
  const adapterOf = (device: ParsedDevice) => adapters.find((adapter) => adapter.type === device.adapter)!;
  const users = new Map<string, AnyAdapter>();
  const ports: Record<string, ParsedPort> = { ...parsed.ports };
  for (const [deviceName, device] of Object.entries(parsed.devices)) {
    const { port } = device;
    if (typeof port !== 'string') ports[deviceName] = port ?? MEMORY_PORT;
    users.set(typeof port === 'string' ? port : deviceName, adapterOf(device));
  }
  const id = parsed.gateway.id ?? topicSafe(inputs.hostName);
  return {
    gateway: { id, data: parsed.gateway.data ?? defaultDataFolder(inputs.env, id) },
    store: toStoreConfig(parsed.store),
    broker: toBrokerConfig(parsed.broker),
    ports: mapValues(ports, (key, port) => toPortConfig(key, port, users.get(key))),
    devices: mapValues(parsed.devices, (key, device) => toDeviceConfig(key, device, adapterOf(device))),
    servers: mapValues(parsed.servers, (key, server) => toServerConfig(key, server, adapters)),
    links: mapValues(parsed.links, toLinkConfig),
    functions: mapValues(parsed.functions, toFunctionConfig),
    functionRegistry: toFunctionRegistryConfig(parsed.functionRegistry),
    history: parsed.history,
    api: { socket: parsed.api.socket, metrics: parsed.api.metrics },
    log: parsed.log,
    tui: parsed.tui,
    update: parsed.update,
  };
}

/**
 * @param adapters - their port, device and address schemas become part of the schema
 * @param inputs - where secrets are read from; the process's own environment and folder when absent
 */
export function createConfigSchema(adapters: readonly AnyAdapter[], inputs: ConfigInputs = processInputs()) {
  const port = portSchema(adapters, inputs);
  return z
    .strictObject({
      $schema: z.string().optional().describe('for editors'),
      gateway: z
        .strictObject({
          id: name.optional().describe('first level of its topics; the host name when absent'),
          data: z
            .string()
            .min(1)
            .transform((path) => resolve(inputs.folder, path))
            .optional()
            .describe(
              'folder for what must survive: $STATE_DIRECTORY when absent, else $XDG_STATE_HOME/hpmq/<id>, else ~/.local/state/hpmq/<id>',
            ),
        })
        .prefault({})
        .describe('who this gateway is, and where it keeps things'),
      store: storeSchema.prefault({}).describe('what MQTT clients were promised: sessions, queues, retained messages'),
      broker: brokerSchema(inputs).prefault({}).describe('the MQTT broker of this gateway'),
      ports: z.record(name, port).prefault({}).describe('wires: each has exactly one owner'),
      profiles: z
        .string()
        .min(1)
        .optional()
        .describe('folder with <vendor>/<model>.yaml, device profiles of your own; also <gateway.data>/profiles'),
      devices: devicesSchema(adapters, port).prefault({}).describe('what is addressed on the ports'),
      servers: serversSchema(adapters).prefault({}).describe('the gateway as a device of other masters'),
      links: linksSchema(inputs, name).prefault({}).describe('upstream brokers'),
      functions: functionsSchema(inputs)
        .prefault({})
        .describe('WebAssembly modules; a message that several of them want passes them in this order'),
      functionRegistry: functionRegistrySchema(inputs).prefault({}).describe('where images of functions come from'),
      history: historySchema.optional().describe('what points were, kept at the edge; nothing is recorded when absent'),
      api: z
        .strictObject({
          socket: socketPath(inputs).optional().describe('path of the control socket'),
          metrics: metrics.optional().describe('serves /metrics for Prometheus over TCP, too; off when absent'),
        })
        .prefault({})
        .describe('how the commands reach the gateway'),
      log: z
        .strictObject({
          level: z
            .enum(['trace', 'debug', 'info', 'warn', 'error'])
            .default('info')
            .describe('least important line logged'),
        })
        .prefault({})
        .describe('what is written to stderr'),
      tui: z
        .strictObject({ readOnly: z.boolean().default(false).describe('the terminal UI offers no writes') })
        .prefault({})
        .describe('the terminal interface'),
      update: z
        .strictObject({
          mqtt: z
            .boolean()
            .default(false)
            .describe('users whose rules allow hpmq/<id>/$request/update/# may install signed updates'),
          links: z
            .array(name)
            .default([])
            .describe('links with a route to it from beyond which this may be asked for, too, where `mqtt` is true'),
        })
        .prefault({})
        .describe('new versions of the gateway'),
    })
    .superRefine(
      (value, context) => {
        const report: Report = (path, message, hint) =>
          context.addIssue({
            code: 'custom',
            path: [...path],
            message: hint === undefined ? message : say(message, hint),
          });
        checkListeners(value.broker, report);
        checkReferral(value.broker, report);
        checkConditions((value as Plain).devices, inputs.unjudged, report);
        const found = context.issues.map((issue) => issue.path ?? []);
        const isBroken: CheckContext['isBroken'] = (path, except) =>
          found.some(
            (one) =>
              path.every((segment, i) => segment === one[i]) && (except === undefined || one[path.length] !== except),
          );
        checkUpdate(value as Plain, { report, isBroken });
        checkHistory(value as Plain, { report, isBroken });
        checkFunctions(value as Plain, { report, isBroken, unjudged: inputs.unjudged });
        checkServers(value as Plain, { adapters, report, isBroken, unjudged: inputs.unjudged });
        checkPortsAndDevices(value as Plain, {
          adapters,
          report,
          pass: (issue, path) => context.addIssue({ ...issue, path: [...path] } as never),
          isBroken,
        });
      },
      // Also when something else is wrong: all problems at once.
      { when: () => true },
    )
    .transform((value) => toGatewayConfig(value as unknown as Parsed, adapters, inputs));
}
