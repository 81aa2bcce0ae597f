/** Where a link goes and how its far side is known to work: `url`, `srv`, `via`, `choose`, `heartbeat`, `tls`, `preset`. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { authoritiesFault, keyPairFault } from '../core/certificates.js';
import {
  type LinkHeartbeatConfig,
  type LinkPresetName,
  type LinkReachConfig,
  type LinkTlsConfig,
  linkPresetNames,
} from '../core/config.js';
import { clientIdLimitFault, linkPresets, topicLimitFault } from '../core/link-presets.js';
import { topicNameFault } from '../core/topic.js';
import { type ConfigInputs, filePath, readBytes, secretSource } from './io.js';
import { alpn, urlRestFault } from './link-connection.js';
import { duration, host, say, shown } from './values.js';

const URL_HINT = 'write mqtt://host:1883, mqtts://host:8883, ws://host/mqtt or wss://host/mqtt';
const SCHEMES = ['mqtt:', 'mqtts:', 'ws:', 'wss:'];
const isSecureUrl = (text: string): boolean => /^(mqtts|wss):/i.test(text);

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
  return rest === undefined ? undefined : fail(rest);
});

const srv = z.string().regex(/^(_[A-Za-z0-9-]{1,62}\.){2}[A-Za-z0-9][A-Za-z0-9._-]{0,200}$/, {
  error: (issue) =>
    issue.input === undefined
      ? undefined
      : say(`${shown(issue.input)} is not the name of SRV records`, 'write a name such as _mqtt._tcp.example.com'),
});

const uplink = z.string().refine((text) => isIP(text) !== 0 || /^[^\s/:]{1,15}$/.test(text), {
  error: (issue) =>
    say(
      `${shown(issue.input)} is not an interface or address`,
      'write a name such as eth0, or an address of this machine',
    ),
});

const heartbeatTopic = z.string().superRefine((text, context) => {
  const fault = topicNameFault(text);
  if (fault === undefined) return;
  context.addIssue({
    code: 'custom',
    message: say(`${shown(text)} is not a topic: ${fault}`, 'write one without wildcards'),
  });
});

const heartbeat = z
  .union([
    z.literal('off', {
      error: ({ input }) =>
        say(`${shown(input)} is no heartbeat`, 'write off, or { every: 15s }; `topic` names another topic for it'),
    }),
    z.strictObject({
      every: duration('1s', '1h').prefault('15s').describe('two of them without proof: degraded'),
      topic: heartbeatTopic.optional().describe('hpmq/<gateway>/$heartbeat/<link> when absent'),
    }),
  ])
  .prefault({})
  .describe('a message of the link to itself proves that the far side delivers; off: an open connection counts as up');

const program = z.string().min(1).max(4_096);

function tlsSchema(inputs: ConfigInputs) {
  return z
    .strictObject({
      ca: z
        .union([filePath(inputs), z.array(filePath(inputs)).min(1).max(16)])
        .optional()
        .describe('PEM files: who may sign the certificate of the far side; several while one follows another'),
      cert: filePath(inputs).optional().describe('PEM file: our certificate, then the intermediate ones'),
      key: secretSource(inputs).optional().describe('PEM: our private key'),
      serverName: host.optional().describe('name in the certificate of the far side; its host when absent'),
      alpn,
      renew: z
        .strictObject({
          command: z
            .union([program, z.array(program).min(1).max(64)])
            .describe('program, or program and arguments; no shell; it replaces the files cert and key'),
          before: duration('1h', '365d').prefault('30d').describe('so long before the end of the certificate'),
          timeout: duration('1s', '1h').prefault('5m').describe('it is killed when it takes longer'),
        })
        .optional()
        .describe('gets a new certificate'),
    })
    .prefault({})
    .describe('files may be replaced at any time');
}

/** The keys of a link that say where it goes. */
export function endpointKeys(inputs: ConfigInputs) {
  return {
    url: z
      .union([url, z.array(url).min(1).max(16)])
      .optional()
      .describe('mqtt://, mqtts://, ws:// or wss://, without credentials; several: the preferred first'),
    srv: srv
      .optional()
      .describe('in place of url: DNS SRV records; TLS where the service is _secure-mqtt or _mqtts, or with `tls`'),
    via: z
      .union([uplink, z.array(uplink).min(1).max(8)])
      .optional()
      .describe('interfaces or addresses of this machine to connect from, the preferred first'),
    choose: z
      .enum(['first', 'nearest'])
      .default('first')
      .describe('first: the preferred one that works; nearest: the one that answers soonest'),
    failBack: duration('1s', '1d')
      .prefault('1m')
      .describe('a better endpoint must have been good for so long before the link goes back to it'),
    reconnect: duration('1s', '1h').prefault('30s').describe('longest wait between two attempts'),
    preset: z.enum(linkPresetNames).optional().describe('knows the limits of this broker or cloud'),
    heartbeat,
    tls: tlsSchema(inputs),
  };
}

type Parsed = z.output<z.ZodObject<ReturnType<typeof endpointKeys>>>;

const listOf = <T>(value: T | T[] | undefined): T[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

/** TLS by the name of the service, or because somebody says how. */
function isSecureSrv({ srv: name = '', tls }: Parsed): boolean {
  return /^_(secure-mqtt|mqtts)\./i.test(name) || (tls.ca ?? tls.cert ?? tls.key) !== undefined;
}

type Fail = (path: (string | number)[], message: string, hint: string) => void;

/** Rules between the keys. */
export function checkEndpoints(link: Parsed, fail: Fail): void {
  const urls = listOf(link.url);
  const path = (index: number) => (Array.isArray(link.url) ? ['url', index] : ['url']);
  if (urls.length > 0 === (link.srv !== undefined)) {
    fail(urls.length > 0 ? ['srv'] : ['url'], 'a link has either url or srv', 'write `url: mqtts://host:8883`');
  }
  const secure = urls.map(isSecureUrl);
  if (secure.includes(true) && secure.includes(false)) {
    fail(
      path(secure.indexOf(false)),
      'is not encrypted, unlike another url of the link',
      'write mqtts:// in all of them',
    );
  }
  checkTls(link, urls.length === 0 ? isSecureSrv(link) : secure[0]!, fail);
  if (link.preset !== undefined) checkPreset(link, link.preset, urls, fail, path);
}

function checkTls({ tls }: Parsed, isSecure: boolean, fail: Fail): void {
  const { ca, cert, key, renew } = tls;
  if (cert !== undefined && key === undefined)
    fail(['tls', 'cert'], 'there is no key for it', 'add `key: { file: … }`');
  if (key !== undefined && cert === undefined) fail(['tls', 'key'], 'there is no certificate for it', 'add `cert: …`');
  if (renew !== undefined && cert === undefined) {
    fail(['tls', 'renew'], 'there is no certificate to renew', 'add `cert: …` and `key: { file: … }`');
  }
  if ((ca ?? cert ?? key ?? tls.alpn ?? tls.serverName) !== undefined && !isSecure) {
    fail(['tls'], 'the link does not use TLS', 'write the url with mqtts:// or wss://, or remove `tls`');
  }
  for (const file of listOf(ca)) {
    const fault = authoritiesFault(readBytes(file));
    if (fault !== undefined) fail(['tls', 'ca'], `${file} ${fault.message}`, fault.hint);
  }
  if (cert === undefined || key === undefined) return;
  const fault = keyPairFault(readBytes(cert), readBytes(key));
  if (fault === undefined) return;
  const file = fault.part === 'key' ? key : cert;
  fail(['tls', fault.part], `${typeof file === 'string' ? file : 'it'} ${fault.message}`, fault.hint);
}

interface PresetView {
  readonly clientId?: string | undefined;
  readonly keepAlive?: number;
  readonly routes?: readonly {
    readonly direction: string;
    readonly filter: string;
    readonly to: string;
    readonly qos: number;
  }[];
}

function checkPreset(
  link: Parsed & PresetView,
  name: LinkPresetName,
  urls: readonly string[],
  fail: Fail,
  path: (index: number) => (string | number)[],
): void {
  const preset = linkPresets[name];
  for (const [index, one] of urls.entries()) {
    if (preset.isSecureOnly && !isSecureUrl(one)) {
      fail(path(index), `${preset.title} takes TLS only`, 'write mqtts://…');
    }
  }
  if (preset.needsClientCertificate && link.tls.cert === undefined) {
    fail(['tls'], `${preset.title} knows gateways by their certificate`, 'add `tls: { cert: …, key: { file: … } }`');
  }
  const clientFault = link.clientId === undefined ? undefined : clientIdLimitFault(preset, link.clientId);
  if (clientFault !== undefined) fail(['clientId'], `it ${clientFault}`, 'choose another one');
  const [least, most] = preset.keepAlive;
  const { keepAlive = least } = link;
  if (keepAlive < least || keepAlive > most) {
    const text = `${preset.title} takes ${least / 1_000}s to ${most / 1_000}s`;
    fail(['keepAlive'], text, `write a duration from ${least / 1_000}s to ${most / 1_000}s`);
  }
  let subscriptions = 1;
  for (const [index, route] of (link.routes ?? []).entries()) {
    const at = (key: string) => ['routes', index, key];
    if (route.qos > preset.maximumQoS) {
      fail(at('qos'), `${preset.title} has no QoS ${route.qos}`, `write qos: ${preset.maximumQoS}`);
    }
    if (route.direction !== 'out') {
      subscriptions++;
      const fault = topicLimitFault(preset, route.filter);
      if (fault !== undefined) fail(at('filter'), `the filter has ${fault}`, 'choose a shorter one');
    }
    if (route.direction === 'in') continue;
    // What is longer by the topic itself is known only when it is sent.
    const fault = topicLimitFault(preset, route.to.replace(/\{[^{}]*\}/g, '-'));
    if (fault !== undefined) fail(at('to'), `the topic has ${fault}`, 'choose a shorter one');
  }
  if (subscriptions > preset.maxSubscriptions) {
    const text = `${subscriptions} subscriptions, ${preset.title} takes ${preset.maxSubscriptions} of a connection`;
    fail(['routes'], text, 'join filters with wildcards');
  }
}

export function toEndpointConfig(link: Parsed): {
  url: string;
  reach: LinkReachConfig;
  heartbeat: LinkHeartbeatConfig | undefined;
  preset: LinkPresetName | undefined;
  tls: LinkTlsConfig;
} {
  const { tls, preset } = link;
  const urls = listOf(link.url);
  const byPort = preset === undefined ? {} : linkPresets[preset].alpn;
  const ports = urls.map((one) => Number(new URL(one).port));
  const presetAlpn = [...new Set(ports.flatMap((port) => byPort[port] ?? []))];
  const { renew } = tls;
  return {
    url: urls[0] === undefined ? (link.srv ?? '') : placeText(urls[0]),
    reach: {
      urls,
      srv: link.srv === undefined ? undefined : { name: link.srv, secure: isSecureSrv(link) },
      via: listOf(link.via),
      choose: link.choose,
      failBack: link.failBack,
      maxWait: link.reconnect,
    },
    heartbeat: link.heartbeat === 'off' ? undefined : { every: link.heartbeat.every, topic: link.heartbeat.topic },
    preset,
    tls: {
      ca: listOf(tls.ca),
      cert: tls.cert,
      key: tls.key,
      serverName: tls.serverName,
      alpn: tls.alpn ?? presetAlpn,
      renew: renew === undefined ? undefined : { ...renew, command: listOf(renew.command) },
    },
  };
}

/** Without what follows the port. */
function placeText(text: string): string {
  const { protocol, host: place } = new URL(text);
  return `${protocol}//${place}`;
}
