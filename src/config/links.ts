/** The `links` section: upstream brokers and what is exchanged with them. */
import { z } from 'zod';
import type { LinkConfig } from '../core/config.js';
import { type ConfigInputs, secretText } from './io.js';
import { connectionFields } from './link-connection.js';
import { checkEndpoints, endpointKeys, toEndpointConfig } from './link-endpoints.js';
import { checkLoopOptions, linkType, loopOptions, toLoopOptions } from './link-loops.js';
import { outboxSchema, toOutboxConfig } from './link-outbox.js';
import { route } from './link-routes.js';
import { say } from './values.js';

function linkSchema(inputs: ConfigInputs) {
  return z
    .strictObject({
      type: linkType,
      ...endpointKeys(inputs),
      protocolVersion: z.literal([4, 5]).default(5).describe('4 is MQTT 3.1.1'),
      clientId: z
        .string()
        .max(256)
        .optional()
        .describe('hpmq-<gateway>-<link> when absent; empty: the far side gives one'),
      username: z.string().min(1).max(256).optional().describe('at the far side'),
      password: secretText(inputs).optional().describe('at the far side'),
      ...loopOptions,
      ...connectionFields,
      outbox: outboxSchema
        .prefault({})
        .describe('what is kept while the far side takes nothing, and how it catches up'),
      routes: z.array(route).default([]).describe('which topics are exchanged'),
    })
    .superRefine((link, context) => {
      const fail = (path: (string | number)[], message: string, hint: string) =>
        context.addIssue({ code: 'custom', path, message: say(message, hint) });
      checkLoopOptions(link, fail);
      checkEndpoints(link, fail);
      if (link.password !== undefined && link.username === undefined && link.protocolVersion === 4) {
        fail(['password'], 'MQTT 3.1.1 knows no password without a user name [MQTT-3.1.2-22]', 'add `username`');
      }
      if (link.bridge && link.protocolVersion === 5) {
        fail(['bridge'], 'MQTT 5.0 has No Local in its place', 'remove `bridge`, or set protocolVersion: 4');
      }
      if (link.clientId === '' && link.protocolVersion === 4) {
        fail(['clientId'], 'MQTT 3.1.1 cannot give one that lasts', 'write a client id, or remove `clientId`');
      }
    });
}

export function linksSchema(inputs: ConfigInputs, linkName: z.ZodType<string, string>) {
  return z.record(linkName, z.discriminatedUnion('type', [linkSchema(inputs)]));
}

export type ParsedLink = z.output<ReturnType<typeof linkSchema>>;

export function toLinkConfig(name: string, link: ParsedLink): LinkConfig {
  return {
    name,
    ...toLoopOptions(link),
    ...toEndpointConfig(link),
    protocolVersion: link.protocolVersion,
    clientId: link.clientId,
    username: link.username,
    password: link.password,
    keepAlive: link.keepAlive,
    sessionExpiry: link.sessionExpiry,
    bridge: link.bridge,
    outbox: toOutboxConfig(link.outbox),
    routes: link.routes,
  };
}
