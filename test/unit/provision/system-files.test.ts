import t from 'tap';
import { parseSettings } from '../../../src/provision/settings.js';
import { preSharedKey, systemFiles } from '../../../src/provision/system-files.js';

const SHADOW = 'root:*:20000:0:99999:7:::\nadmin:*:20000:0:99999:7:::\nhpmq:*:20000:0:99999:7:::\n';

function filesOf(yaml: string): ReadonlyMap<string, { readonly content: string; readonly mode: number }> {
  const files = systemFiles(parseSettings('provision.yaml', Buffer.from(yaml)), SHADOW);
  return new Map(files.map((file) => [file.path, file]));
}

t.test('the pre-shared key is that of IEEE 802.11-2020 annex J.4.2', async (t) => {
  t.equal(preSharedKey('IEEE', 'password'), 'f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e');
  t.equal(
    preSharedKey('ThisIsASSID', 'ThisIsAPassword'),
    '0dc0d6eb90555ed6419756b9a15ec3e3209b63df707dd508d14581f8982721af',
  );
});

t.test('a wireless network: only root reads it, the name cannot leave its line', async (t) => {
  const file = filesOf(
    `network: { wifi: { ssid: 'a"\\n}', password: 'pass "word" {', country: DE, hidden: true } }`,
  ).get('run/hpmq-system/wifi.conf');
  t.equal(file?.mode, 0o600);
  t.equal(
    file?.content,
    [
      'country=DE',
      'network={',
      `  ssid=${Buffer.from('a"\\n}').toString('hex')}`,
      '  scan_ssid=1',
      '  key_mgmt=WPA-PSK WPA-PSK-SHA256 SAE',
      '  ieee80211w=1',
      `  psk=${preSharedKey('a"\\n}', 'pass "word" {')}`,
      '  sae_password="pass "word" {"',
      '}',
      '',
    ].join('\n'),
  );
  t.match(
    filesOf('network: { wifi: { ssid: x, country: DE } }').get('run/hpmq-system/wifi.conf')?.content,
    /key_mgmt=NONE/,
  );
});

t.test('a fixed address, or none of our files: then DHCP holds', async (t) => {
  const path = 'run/systemd/network/10-hpmq-ethernet.network';
  t.notOk(filesOf('hostname: x').has(path));
  t.equal(
    filesOf(
      'network: { ethernet: { address: 192.0.2.10/24, gateway: 192.0.2.1, dns: [ 192.0.2.2, 2001:db8::1 ] } }',
    ).get(path)?.content,
    '[Match]\nType=ether\nKind=!*\n\n[Network]\nAddress=192.0.2.10/24\nGateway=192.0.2.1\nDNS=192.0.2.2\nDNS=2001:db8::1\nMulticastDNS=yes\n\n[Link]\nRequiredForOnline=no\n',
  );
});

t.test('a password of the console opens admin and nobody else; without one nothing opens', async (t) => {
  // $& and $1 mean something to String.replace.
  const hash = `$6$salt$&$1${'a'.repeat(80)}`;
  const path = 'run/hpmq-system/shadow';
  t.equal(filesOf('hostname: x').get(path)?.content, SHADOW);
  t.equal(
    filesOf(`console: { passwordHash: '${hash}' }`).get(path)?.content,
    SHADOW.replace('admin:*', () => `admin:${hash}`),
  );
  t.equal(filesOf('hostname: x').get(path)?.mode, 0o640);
});
