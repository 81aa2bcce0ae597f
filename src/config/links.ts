/** The `links` section: upstream brokers and what is exchanged with them. */
import { z } from 'zod';
import type { LinkConfig } from '../core/config.js';
import { type ConfigInputs, fileContent, secret, secretText } from './io.js';
import { alpn, connectionFields, urlRestFault } from './link-connection.js';
import { checkLoopOptions, linkType, loopOptions, toLoopOptions } from './link-loops.js';
import { outboxSchema, toOutboxConfig } from './link-outbox.js';
import { route } from './link-routes.js';
import { say, shown } from './values.js';

const URL_HINT = 'write mqtt://host:1883, mqtts://host:8883, ws://host/mqtt or wss://host/mqtt';
const SCHEMES = ['mqtt:', 'mqtts:', 'ws:', 'wss:'];

const url = z.string().superRefine((text, context) => {
  // The text is not repeated in these messages: it may hold a password.
  const fail = (message: string, hint = URL_HINT) => context.addIssue({ code: 'custom', message: say(message, hint) });
  const parsed = URL.parse(text);
  if (parsed === null) return fail('is not a url');
  if (parsed.username !== '' || parsed.password !== '') {
    return fail('holds credentials', 'move them to `username` and `password: { file: … }`');
  }
  if (!SCHEMES.includes(parsed.protocol)) {
    return fail(`has the scheme ${shown(parsed.protocol.slice(0, -1))}`);
  }
  if (parsed.hostname === '') return fail('has no host');
  const rest = urlRestFault(parsed);
  if (rest !== undefined) return fail(rest);
  return undefined;
});

function linkSchema(inputs: ConfigInputs) {
  return z
    .strictObject({
      type: linkType,
      url: url.describe('mqtt://, mqtts://, ws:// or wss://, without credentials'),
      protocolVersion: z.literal([4, 5]).default(5).describe('4 is MQTT 3.1.1'),
      clientId: z
        .string()
        .max(256)
        .optional()
        .describe('hpmq-<gateway>-<link> when absent; empty: the far side gives one'),
      username: z.string().min(1).max(256).optional(),
      password: secretText(inputs).optional(),
      ...loopOptions,
      ...connectionFields,
      outbox: outboxSchema
        .prefault({})
        .describe('what is kept while the far side takes nothing, and how it catches up'),
      tls: z
        .strictObject({
          ca: fileContent(inputs).optional().describe('PEM file: who may sign the certificate of the far side'),
          cert: fileContent(inputs).optional().describe('PEM file: our certificate'),
          key: secret(inputs).optional().describe('PEM: our private key'),
          alpn,
        })
        .prefault({}),
      routes: z.array(route).default([]).describe('which topics are exchanged'),
    })
    .superRefine((link, context) => {
      const fail = (path: string[], message: string, hint: string) =>
        context.addIssue({ code: 'custom', path, message: say(message, hint) });
      checkLoopOptions(link, fail);
      const { ca, cert, key, alpn: protocols } = link.tls;
      if (cert !== undefined && key === undefined)
        fail(['tls', 'cert'], 'there is no key for it', 'add `key: { file: … }`');
      if (key !== undefined && cert === undefined)
        fail(['tls', 'key'], 'there is no certificate for it', 'add `cert: …`');
      if ((ca ?? cert ?? key ?? protocols) !== undefined && !/^(mqtts|wss):/i.test(link.url)) {
        fail(['tls'], 'the link does not use TLS', 'write the url with mqtts:// or wss://, or remove `tls`');
      }
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
    url: link.url,
    protocolVersion: link.protocolVersion,
    clientId: link.clientId,
    username: link.username,
    password: link.password,
    keepAlive: link.keepAlive,
    sessionExpiry: link.sessionExpiry,
    bridge: link.bridge,
    outbox: toOutboxConfig(link.outbox),
    tls: { ca: link.tls.ca, cert: link.tls.cert, key: link.tls.key, alpn: link.tls.alpn },
    routes: link.routes,
  };
}
