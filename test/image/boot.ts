/** The image boots, is provisioned, serves MQTT, has a read-only root, and keeps its data. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Card } from './card.js';
import { execute, Machine, type Mode } from './machine.js';

export interface Setting {
  readonly image: string;
  readonly images: string;
}

/** A power of two, which the SD card of the Pi's model must be. */
export const CARD_BYTES = 2 ** 31;

export const CONFIG = `gateway: { id: card-7 }
broker:
  listeners: [ { type: tcp, host: 0.0.0.0, port: 1883 } ]
  auth: { anonymous: true }
`;

const PASSWORD = 'at the console';

export const READY = /hpmq: ready, slot ([AB]) confirmed, up (\d+) s/;

/** What a start may take at most, emulated beside other work. */
export const START_MS = 900_000;

const start = Date.now();
export const say = (text: string) =>
  console.log(`${String(Math.round((Date.now() - start) / 1_000)).padStart(5)} s  ${text}`);

/**
 * A card as somebody prepares it.
 *
 * @param more - lines of provision.yaml
 */
export function provisionedCard(image: string, more = ''): Card {
  const card = new Card(image, CARD_BYTES);
  card.put('hpmq.yaml', CONFIG);
  const hash = execFileSync('openssl', ['passwd', '-6', PASSWORD], { encoding: 'utf8' }).trim();
  const settings = [
    'hostname: card-7',
    'timezone: Europe/Berlin',
    `console: { passwordHash: '${hash}' }`,
    'join: { token: to-ken }',
  ];
  card.put('provision.yaml', `${settings.join('\n')}\n${more}`);
  card.put('authorized_keys', readFileSync(`${card.key}.pub`));
  return card;
}

export async function bootVirtual({ mode, ...setting }: Setting & { readonly mode: Mode }): Promise<void> {
  using card = provisionedCard(setting.image);
  {
    await using machine = Machine.boot({ mode, ...setting, image: card.image });
    const [, slot, up] = await machine.says(READY, START_MS);
    say(`${mode}: ready in slot ${slot}, ${up} s after the kernel's start`);
    const mqtt = ['-h', '127.0.0.1', '-p', String(await machine.port(1883))];
    const state = await execute('mosquitto_sub', [...mqtt, '-t', 'hpmq/card-7/$state', '-C', '1', '-W', '60']);
    assert.match(state.stdout, /"state":"online"/, state.stderr);
    const published = await execute('mosquitto_pub', [...mqtt, '-t', 'kept', '-m', 'over a reboot', '-r', '-q', '1']);
    assert.equal(published.code, 0, published.stderr);
    say('MQTT through the forwarded port');

    const ask = async (command: string) => {
      const { code, stdout, stderr } = await machine.ssh(card.key, command);
      assert.equal(code, 0, `${command}: ${stderr}`);
      return stdout.trim();
    };
    assert.equal(await ask('hostname; date +%Z | cut -c1-2; cat /etc/hpmq/secrets/join-token'), 'card-7\nCE\nto-ken');
    const root = await machine.ssh(card.key, 'touch /etc/x /usr/bin/x; findmnt -no FSTYPE,OPTIONS /');
    assert.match(root.stderr, /Read-only file system/);
    assert.match(root.stdout, /^squashfs\s+ro,/);
    assert.match(await ask('rauc status --output-format=shell'), /RAUC_SYSTEM_BOOTED_BOOTNAME='?A/);
    assert.match(await ask('wdctl -n 2>&1; systemctl show -P RuntimeWatchdogUSec'), /15s/);
    const size = Number(await ask('df --output=size -B1M /data | tail -n 1'));
    assert.ok(size > 400, `the data partition has ${size} MiB: it did not grow`);
    assert.match(await ask('resolvectl status 2>&1 | grep -c "+mDNS"'), /^[1-9]/);
    assert.equal(await ask('systemctl --failed --no-legend --plain'), '');
    say(`provisioned; root read-only; data partition grown to ${size} MiB; no unit failed`);
    machine.type('\n');
    await machine.says(/card-7 login: /);
    machine.type('admin\n');
    await machine.says(/Password: /);
    machine.type(`${PASSWORD}\n`);
    await machine.says(/\u001b\[\?1049h[\s\S]*card-7/);
    say('the terminal interface on the serial console, after login');
    await ask('sync; systemctl reboot || true');
    const [, again] = await machine.says(READY, START_MS);
    const kept = await execute('mosquitto_sub', [...mqtt, '-t', 'kept', '-C', '1', '-W', '60']);
    assert.equal(kept.stdout.trim(), 'over a reboot', kept.stderr);
    assert.equal(await ask('hostname'), 'card-7');
    say(`rebooted into slot ${again}: the retained message and the host name are there`);
  }
  const names = card.names();
  for (const name of ['hpmq.yaml', 'provision.yaml', 'authorized_keys'])
    assert.ok(!names.includes(name), `${name} is left`);
  assert.match(card.read('provision.log'), /card-7: ok/);
  say('nothing secret is left on the boot partition');
}

/** QEMU's Pi has no network that works with this kernel: what is known is what the console says. */
export async function bootPi3(setting: Setting): Promise<void> {
  using card = provisionedCard(setting.image);
  // The model resets the machine as soon as its watchdog is armed.
  card.put('cmdline.cfg', 'set extra="systemd.watchdog_sec=0"\n');
  await using machine = Machine.boot({ mode: 'pi3', ...setting, image: card.image });
  await machine.says(/Loading Environment from FAT/);
  say('pi3: U-Boot runs');
  await machine.says(/hpmq: slot A, start 1/);
  say('pi3: GRUB chose a slot');
  const [, slot, up] = await machine.says(READY, START_MS);
  say(`pi3: ready in slot ${slot}, ${up} s after the kernel's start`);
}

/** A system that does not come up starts again by itself, so that the boot loader can count. */
export async function leaveEmergency(setting: Setting): Promise<void> {
  using card = provisionedCard(setting.image);
  const append = 'systemd.unit=emergency.target';
  await using machine = Machine.boot({ mode: 'direct', ...setting, image: card.image, append });
  await machine.says(/hpmq: the system does not come up/);
  await machine.says(/Linux version/);
  say('emergency: started again');
}
