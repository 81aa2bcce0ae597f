import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { ConfigError } from '../../../src/config/errors.js';
import { parseAuthorizedKeys, parseSettings } from '../../../src/provision/settings.js';
import { repoRoot } from '../../support/peers.js';

const parse = (text: string) => parseSettings('provision.yaml', Buffer.from(text));

function problemsOf(work: () => unknown) {
  try {
    work();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

t.test('everything that can be said', async (t) => {
  const hash = `$6$salt$${'a'.repeat(86)}`;
  const settings = parse(`
hostname: plant-7
timezone: Europe/Berlin
console: { passwordHash: '${hash}' }
network:
  ethernet: { address: [ 192.0.2.10/24, 2001:db8::7/64 ], gateway: 192.0.2.1, dns: [ 192.0.2.1 ] }
  wifi: { ssid: plant, password: "at least eight", country: DE }
  ntp: [ ntp.example.com, 192.0.2.1 ]
join: { token: abc.DEF-123 }
`);
  t.equal(settings.hostname, 'plant-7');
  t.equal(settings.console?.passwordHash, hash);
  t.strictSame(settings.network?.ethernet?.address, ['192.0.2.10/24', '2001:db8::7/64']);
  t.strictSame(settings.network?.wifi, { ssid: 'plant', password: 'at least eight', country: 'DE', hidden: false });
  t.strictSame(parse(''), {}, 'an empty file says nothing');
});

t.test('what is wrong is told with its place and what to write', async (t) => {
  const cases: readonly (readonly [text: string, place: string, message: RegExp])[] = [
    ['hostname: plant_7', '1:11', /"plant_7" cannot be a host name/],
    ['hostname: plant.example.com', '1:11', /cannot be a host name/],
    ['hostname: -x', '1:11', /cannot be a host name/],
    ['timezone: ../../etc/shadow', '1:11', /is not a time zone/],
    ['timezone: Europe/../../../x', '1:11', /is not a time zone/],
    ['hostnam: x', '1:1', /hostnam/],
    ['network:\n  ethernet: { address: 192.0.2.10 }', '2:24', /"192.0.2.10" is not an address with a prefix length/],
    ['network:\n  ethernet: { address: 192.0.2.10/33 }', '2:24', /prefix length/],
    ['network:\n  ethernet: { gateway: 192.0.2.1 }', '2:3', /is missing/],
    ['network:\n  wifi: { ssid: x, country: de }', '2:29', /"de" is not a country/],
    ['network:\n  wifi: { ssid: x }', '2:3', /is missing/],
    [`network:\n  wifi: { country: DE, ssid: "${'ä'.repeat(17)}" }`, '2:30', /1 to 32 bytes/],
    ['network:\n  ntp: [ "a\\nb" ]', '2:10', /is not a time server/],
    ['ssh: { keys: [ "ssh-ed25519 AAAA" ] }', '1:16', /is not a whole ssh-ed25519 key/],
    ['ssh: { keys: [ "-----BEGIN OPENSSH PRIVATE KEY-----" ] }', '1:16', /this is a private key/],
  ];
  for (const [text, place, message] of cases) {
    const [first, ...more] = problemsOf(() => parse(text));
    t.match(first?.message, message, text);
    t.equal(`${first?.line}:${first?.column}`, place, text);
    t.not(first?.hint, '', text);
    t.strictSame(more, [], text);
  }
});

t.test('secrets are never shown, whatever is wrong with them', async (t) => {
  const secret = 'Hunter2ü';
  const texts = [
    `console: { passwordHash: ${secret} }`,
    `console: { passwordHash: [ ${secret} ] }`,
    `network: { wifi: { ssid: x, country: DE, password: ${secret} } }`,
    `network: { wifi: { ssid: x, country: DE, password: { a: ${secret} } } }`,
    `join: { token: "${secret} ${secret}" }`,
  ];
  for (const text of texts) {
    const problems = problemsOf(() => parse(text));
    t.ok(problems.length > 0, text);
    t.notMatch(JSON.stringify(problems), secret, text);
  }
});

t.test('the text on the boot partition shows what is taken in', async (t) => {
  const text = readFileSync(join(repoRoot, 'images/loader/READ-ME.txt'), 'utf8');
  const [, example = ''] = text.split('# provision.yaml; every line may be left out\n');
  const body = Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from('ssh-ed25519'), Buffer.alloc(36, 7)]);
  const yaml = example
    .replace('AAAA...', body.toString('base64'))
    .replace('$6$...', `$6$salt$${'a'.repeat(86)}`)
    .replaceAll('"..."', '"something-long"');
  const settings = parse(yaml);
  t.strictSame(Object.keys(settings).sort(), ['console', 'hostname', 'join', 'network', 'ssh', 'timezone']);
  t.match(settings.network, { ethernet: {}, wifi: {} });
});

t.test('authorized_keys: lines that are keys, and the number of the line that is none', async (t) => {
  const body = Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from('ssh-ed25519'), Buffer.alloc(36, 7)]);
  const key = `ssh-ed25519 ${body.toString('base64')} anna@plant`;
  t.strictSame(parseAuthorizedKeys('f', Buffer.from(`# mine\r\n\r\n${key}\r\n`)), [key]);
  const problems = problemsOf(() => parseAuthorizedKeys('f', Buffer.from(`${key}\ncommand="x" ${key}\n`)));
  t.match(problems, [{ line: 2, message: 'does not begin with a kind of public key' }]);
});

t.test('no bytes do anything but give settings or problems', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      problemsOf(() => parseSettings('f', Buffer.from(bytes)));
      problemsOf(() => parseAuthorizedKeys('f', Buffer.from(bytes)));
    }),
  );
});
