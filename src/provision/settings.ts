/** `provision.yaml`: what a machine is told about itself before its first start. */
import { isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import { ConfigError, type ConfigProblem } from '../config/errors.js';
import { describeIssue, findingsOf } from '../config/issues.js';
import { ConfigSource } from '../config/source.js';
import { say, shown } from '../config/values.js';
import { publicKeyFault } from './public-key.js';

/** RFC 1123 §2.1, one label. */
const hostname = z.string().regex(/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/, {
  error: (issue) =>
    say(
      `${shown(issue.input)} cannot be a host name`,
      'use 1 to 63 of A-Z a-z 0-9 -, none of them a dot, - neither first nor last',
    ),
});

/** A name of the tz database, such as Europe/Berlin; whether it is there is known on the machine only. */
const timezone = z.string().regex(/^(?!.*\.\.)[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+){0,2}$/, {
  error: (issue) => say(`${shown(issue.input)} is not a time zone`, 'write one such as Europe/Berlin or Etc/UTC'),
});

const ip = z.string().refine((text) => isIPv4(text) || isIPv6(text), {
  error: (issue) => say(`${shown(issue.input)} is not an IP address`, 'write one such as 192.0.2.1 or 2001:db8::1'),
});

const prefixed = z.string().refine(isPrefixed, {
  error: (issue) =>
    say(
      `${shown(issue.input)} is not an address with a prefix length`,
      'write address and length, such as 192.0.2.10/24',
    ),
});

function isPrefixed(text: string): boolean {
  const [, address = '', length = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  return (isIPv4(address) && Number(length) <= 32) || (isIPv6(address) && Number(length) <= 128);
}

const publicKey = z.string().superRefine((text, context) => {
  const fault = publicKeyFault(text);
  if (fault !== undefined) context.addIssue({ code: 'custom', message: say(fault.message, fault.hint) });
});

const HASH_HINT = 'write what `openssl passwd -6` prints, in quotes';

/** crypt(5). Never shown: it may be a password that somebody wrote in clear. */
const passwordHash = z
  .string({ error: () => say('is not a password hash', HASH_HINT) })
  .regex(/^\$(?:6|5|y)\$[\x21-\x39\x3b-\x7e]{20,200}$/, {
    error: () => say('is not a hash of crypt(5) of the forms $6$, $5$ or $y$; passwords are never in clear', HASH_HINT),
  });

/** IEEE 802.11-2020 annex J.4: a passphrase of 8 to 63 printable ASCII characters, or 64 hex digits, the key itself. */
const passphrase = z
  .string({ error: () => say('is not a password of a wireless network', 'put it in quotes') })
  .regex(/^(?:[\x20-\x7e]{8,63}|[0-9A-Fa-f]{64})$/, {
    error: () =>
      say(
        'is not a password of a wireless network',
        'write 8 to 63 printable ASCII characters, or 64 hexadecimal digits',
      ),
  });

const wifi = z.strictObject({
  ssid: z
    .string()
    .refine((text) => Buffer.byteLength(text) >= 1 && Buffer.byteLength(text) <= 32, {
      error: () => say('the name of a wireless network has 1 to 32 bytes', 'write it as the access point shows it'),
    })
    .describe('name of the network'),
  password: passphrase.optional().describe('passphrase or key; an open network when absent'),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, {
      error: (issue) => say(`${shown(issue.input)} is not a country`, 'write its two capital letters, such as DE'),
    })
    .describe('ISO 3166 code: which channels are allowed here'),
  hidden: z.boolean().default(false).describe('the network does not announce its name'),
});

const ethernet = z.strictObject({
  address: z.union([prefixed, z.array(prefixed).min(1).max(8)]).describe('with prefix length, such as 192.0.2.10/24'),
  gateway: ip.optional().describe('router'),
  dns: z.array(ip).max(4).default([]).describe('name servers'),
});

const timeServer = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.:-]{0,252}$/, {
  error: (issue) => say(`${shown(issue.input)} is not a time server`, 'write a host name or an IP address'),
});

/** A section that is absent leaves what was provisioned before; an empty one (`network: {}`) takes it back. */
export const settingsSchema = z.strictObject({
  hostname: hostname.optional().describe('also its mDNS name, <hostname>.local'),
  timezone: timezone.optional(),
  ssh: z
    .strictObject({ keys: z.array(publicKey).max(64).default([]).describe('of those who may log in as admin or root') })
    .optional(),
  console: z
    .strictObject({
      passwordHash: passwordHash.optional().describe('of admin, on screen and serial line; no login when absent'),
    })
    .optional(),
  network: z
    .strictObject({
      ethernet: ethernet.optional().describe('DHCP when absent'),
      wifi: wifi.optional(),
      ntp: z.array(timeServer).max(8).optional().describe('time servers; those of Debian when absent'),
    })
    .optional(),
  join: z
    .strictObject({
      token: z
        .string({ error: () => say('is not a token', 'put it in quotes') })
        .regex(/^[\x21-\x7e]{1,4096}$/, {
          error: () => say('is not a token', 'write 1 to 4096 printable ASCII characters without blanks'),
        })
        .describe('for links: { file: secrets/join-token }'),
    })
    .optional(),
});

export type Settings = z.output<typeof settingsSchema>;

/**
 * @param file - as it is named in messages
 * @throws ConfigError with every problem that was found; none of them shows a secret
 */
export function parseSettings(file: string, bytes: Buffer): Settings {
  const source = new ConfigSource(file, bytes);
  const result = settingsSchema.safeParse(source.value, { error: describeIssue, reportInput: true });
  if (result.success && source.problems.length === 0) return result.data;
  const found = result.success ? [] : findingsOf(result.error.issues).map((finding) => source.problem(finding));
  throw new ConfigError([...source.problems, ...found]);
}

/** SSH public keys, one a line; empty lines and # comments between. @throws ConfigError with every problem */
export function parseAuthorizedKeys(file: string, bytes: Buffer): readonly string[] {
  const keys: string[] = [];
  const problems: ConfigProblem[] = [];
  for (const [index, raw] of bytes.toString('utf8').split('\n').entries()) {
    const text = raw.trim();
    if (text === '' || text.startsWith('#')) continue;
    const fault = publicKeyFault(text);
    if (fault === undefined) keys.push(text);
    else problems.push({ file, line: index + 1, column: 1, path: '', ...fault });
  }
  if (problems.length > 0) throw new ConfigError(problems.slice(0, 20));
  return keys;
}
