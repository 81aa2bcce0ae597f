/** The `links` section: upstream brokers and what is exchanged with them. */
import { z } from 'zod';
import type { LinkConfig, RouteConfig } from '../core/config.js';
import type { QoS } from '../core/message.js';
import { MAX_TOPIC_BYTES } from '../core/topic.js';
import { type ConfigInputs, secretText } from './io.js';
import { connectionFields } from './link-connection.js';
import { checkEndpoints, endpointKeys, toEndpointConfig } from './link-endpoints.js';
import { say, shown, topicFilter, whole } from './values.js';

const TEMPLATE_HINT = 'use {topic}, {topic:N} (without its first N levels) and {gateway}, such as plants/7/{topic}';

/** @returns what is wrong with a topic template, or undefined */
function templateFault(text: string): string | undefined {
  if (text === '') return 'is empty';
  if (Buffer.byteLength(text) > MAX_TOPIC_BYTES) return 'is too long';
  const rest = text.replace(/\{(topic|topic:\d{1,3}|gateway)\}/g, '');
  const brace = /\{[^{}]*\}?|\}/.exec(rest);
  if (brace !== null) return `does not know ${shown(brace[0])}`;
  if (/[+#]/.test(rest)) return 'contains a wildcard';
  if (rest.includes('\0') || !rest.isWellFormed()) return 'contains a character that topics cannot have';
  return undefined;
}

const template = z.string().superRefine((text, context) => {
  const fault = templateFault(text);
  if (fault !== undefined) context.addIssue({ code: 'custom', message: say(`the template ${fault}`, TEMPLATE_HINT) });
});

const route = z
  .strictObject({
    direction: z.enum(['out', 'in', 'both']).describe('out: from here to the far side'),
    filter: topicFilter.describe('out: local topics; in: topics at the far side'),
    to: template.default('{topic}').describe('topic template: {topic}, {topic:N}, {gateway}'),
    qos: z.literal([0, 1, 2]).default(1),
  })
  .superRefine((value, context) => {
    if (value.direction === 'both' && value.to !== '{topic}') {
      const message = say(
        'a route in both directions cannot rename topics',
        'write two routes, one `out` and one `in`',
      );
      context.addIssue({ code: 'custom', path: ['to'], message });
    }
    const levels = value.filter.split('/').length;
    const cut = Math.max(-1, ...[...value.to.matchAll(/\{topic:(\d+)\}/g)].map((match) => Number(match[1])));
    if (cut >= levels && !value.filter.endsWith('#')) {
      const message = say(
        `{topic:${cut}} leaves nothing of a topic with ${levels} level${levels === 1 ? '' : 's'}`,
        `cut at most ${levels - 1}`,
      );
      context.addIssue({ code: 'custom', path: ['to'], message });
    }
  });

function linkSchema(inputs: ConfigInputs) {
  return z
    .strictObject({
      type: z.literal('mqtt'),
      ...endpointKeys(inputs),
      protocolVersion: z.literal([4, 5]).default(5).describe('4 is MQTT 3.1.1'),
      clientId: z
        .string()
        .max(256)
        .optional()
        .describe('hpmq-<gateway>-<link> when absent; empty: the far side gives one'),
      username: z.string().min(1).max(256).optional(),
      password: secretText(inputs).optional(),
      ...connectionFields,
      queuedMessages: whole(1, 1_000_000)
        .default(10_000)
        .describe('kept in memory while the far side takes none; the oldest goes first'),
      routes: z.array(route).default([]).describe('which topics are exchanged'),
    })
    .superRefine((link, context) => {
      const fail = (path: (string | number)[], message: string, hint: string) =>
        context.addIssue({ code: 'custom', path, message: say(message, hint) });
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
    type: 'mqtt',
    ...toEndpointConfig(link),
    protocolVersion: link.protocolVersion,
    clientId: link.clientId,
    username: link.username,
    password: link.password,
    keepAlive: link.keepAlive,
    sessionExpiry: link.sessionExpiry,
    bridge: link.bridge,
    queuedMessages: link.queuedMessages,
    routes: link.routes.map((one): RouteConfig => ({ ...one, qos: one.qos as QoS })),
  };
}
