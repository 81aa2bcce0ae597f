/** Settings → the files that systemd, wpa_supplicant, sshd and login read. All of them lie in memory and are written at each start. */
import { pbkdf2Sync } from 'node:crypto';
import type { Settings } from './settings.js';

/** A file below the root. */
export interface SystemFile {
  readonly path: string;
  readonly content: string;
  readonly mode: number;
  readonly group?: 'shadow';
}

export const DEFAULT_HOSTNAME = 'hpmq';

export const SYSTEM = 'run/hpmq-system';

/** Every file that provisioning may write; one that the settings do not ask for is removed. */
export const SYSTEM_FILES = [
  'run/systemd/network/10-hpmq-ethernet.network',
  'run/systemd/network/10-hpmq-wifi.network',
  'run/systemd/timesyncd.conf.d/10-hpmq.conf',
  `${SYSTEM}/wifi.conf`,
  `${SYSTEM}/authorized_keys`,
  `${SYSTEM}/shadow`,
  `${SYSTEM}/hostname`,
  'run/issue.d/hpmq.issue',
] as const;

/** @param shadow - the image's own shadow(5), in which no password opens anything */
export function systemFiles(settings: Settings, shadow: string): readonly SystemFile[] {
  const { network = {}, ssh, console: login } = settings;
  const hostname = settings.hostname ?? DEFAULT_HOSTNAME;
  const files: SystemFile[] = [
    { path: `${SYSTEM}/hostname`, content: `${hostname}\n`, mode: 0o644 },
    { path: `${SYSTEM}/shadow`, content: withPassword(shadow, login?.passwordHash), mode: 0o640, group: 'shadow' },
    { path: 'run/issue.d/hpmq.issue', content: issue(hostname, login?.passwordHash !== undefined), mode: 0o644 },
  ];
  if (ssh !== undefined && ssh.keys.length > 0) {
    files.push({ path: `${SYSTEM}/authorized_keys`, content: `${ssh.keys.join('\n')}\n`, mode: 0o644 });
  }
  if (network.ethernet !== undefined) {
    files.push({
      path: 'run/systemd/network/10-hpmq-ethernet.network',
      content: ethernet(network.ethernet),
      mode: 0o644,
    });
  }
  if (network.wifi !== undefined) {
    files.push({ path: `${SYSTEM}/wifi.conf`, content: wpaSupplicant(network.wifi), mode: 0o600 });
    files.push({
      path: 'run/systemd/network/10-hpmq-wifi.network',
      content: ini({
        Match: { Type: 'wlan' },
        Network: { DHCP: 'yes', MulticastDNS: 'yes' },
        DHCPv4: { ClientIdentifier: 'mac', RouteMetric: '600' },
        Link: { RequiredForOnline: 'no' },
      }),
      mode: 0o644,
    });
  }
  if (network.ntp !== undefined && network.ntp.length > 0) {
    files.push({
      path: 'run/systemd/timesyncd.conf.d/10-hpmq.conf',
      content: ini({ Time: { NTP: network.ntp.join(' ') } }),
      mode: 0o644,
    });
  }
  return files;
}

type Section = Readonly<Record<string, string | readonly string[]>>;

/** systemd.syntax(7). Values were checked: none has a line end. */
function ini(sections: Readonly<Record<string, Section>>): string {
  return Object.entries(sections)
    .map(([name, entries]) => {
      const lines = Object.entries(entries).flatMap(([key, value]) => [value].flat().map((one) => `${key}=${one}`));
      return `[${name}]\n${lines.join('\n')}\n`;
    })
    .join('\n');
}

/** systemd.network(5), for every wire: `Kind=!*` leaves out bridges and the like. */
function ethernet({ address, gateway, dns }: NonNullable<NonNullable<Settings['network']>['ethernet']>): string {
  return ini({
    Match: { Type: 'ether', Kind: '!*' },
    Network: {
      Address: [address].flat(),
      ...(gateway === undefined ? {} : { Gateway: gateway }),
      ...(dns.length === 0 ? {} : { DNS: dns }),
      MulticastDNS: 'yes',
    },
    Link: { RequiredForOnline: 'no' },
  });
}

/** wpa_supplicant.conf(5). The name is in hexadecimal, which needs no escapes. */
function wpaSupplicant(wifi: NonNullable<NonNullable<Settings['network']>['wifi']>): string {
  const { ssid, password, country, hidden } = wifi;
  const entries = [`ssid=${Buffer.from(ssid).toString('hex')}`, ...(hidden ? ['scan_ssid=1'] : [])];
  if (password === undefined) entries.push('key_mgmt=NONE');
  else if (password.length === 64) entries.push('key_mgmt=WPA-PSK WPA-PSK-SHA256', `psk=${password}`);
  else {
    entries.push(
      'key_mgmt=WPA-PSK WPA-PSK-SHA256 SAE',
      'ieee80211w=1',
      `psk=${preSharedKey(ssid, password)}`,
      `sae_password="${password}"`,
    );
  }
  return `country=${country}\nnetwork={\n${entries.map((one) => `  ${one}\n`).join('')}}\n`;
}

/** IEEE 802.11-2020 annex J.4.1: PBKDF2 with the name as salt. */
export function preSharedKey(ssid: string, passphrase: string): string {
  return pbkdf2Sync(passphrase, ssid, 4_096, 32, 'sha1').toString('hex');
}

/** shadow(5): the second field of admin. */
function withPassword(shadow: string, hash: string | undefined): string {
  return hash === undefined ? shadow : shadow.replace(/^admin:[^:]*:/m, () => `admin:${hash}:`);
}

/** agetty(8): \4 is an IPv4 address of the machine. */
function issue(hostname: string, mayLogIn: boolean): string {
  const login = mayLogIn ? 'log in as admin for the terminal interface' : 'no password was provisioned: no login here';
  return `${hostname}.local  \\4\n${login}\n\n`;
}
