/**
 * Updates of the image in a machine with UEFI and GRUB: a good release stays, a bad one is given up, what nobody of ours signed is
 * refused, and wherever the power goes, a gateway comes back with its data.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { seeded } from '../support/random.js';
import { provisionedCard, READY, type Setting, say } from './boot.js';
import type { Card } from './card.js';
import { type Command, execute, Machine } from './machine.js';
import { bundleName, diskOf, makeForeign, makeReleases, makeUnsigned, type Release, tamper } from './release.js';

export interface UpdateSetting extends Setting {
  /** Who signs for the image: a folder of images/keys. */
  readonly keys: string;
}

const GOOD = { version: '0.2.0' };
const BROKEN = {
  version: '0.3.0',
  overlay: { 'etc/systemd/system/hpmq.service.d/99-broken.conf': '[Service]\nExecStart=\nExecStart=/bin/false\n' },
};
/** Emulation is slow: a window that a good release keeps there, and a broken one need not use up. */
const WINDOW = '2m';
/** As a Raspberry Pi without a network, which begins in the past at each start. */
const NO_CLOCK = ['-rtc', 'base=2025-01-01T00:00:00'];
const BUNDLES = '/run/bundles';

/** Of somebody who is away. */
const SESSION = ['-t', 'queue', '-q', '1', '-c', '-i', 'away'];

interface Status {
  readonly slot: string;
  readonly version: string;
  readonly state: string;
  readonly previous: string | null;
  readonly last: { readonly version: string; readonly outcome: string; readonly reason: string | null } | null;
}

/** A machine that runs, and what one asks it. */
class Box implements AsyncDisposable {
  readonly #card: Card;
  readonly machine: Machine;
  /** Retained messages that were acknowledged. */
  readonly #kept: string[];

  private constructor(card: Card, machine: Machine, kept: string[]) {
    this.#card = card;
    this.machine = machine;
    this.#kept = kept;
  }

  static boot(setting: Setting, card: Card, disk: string, kept: string[], devices: readonly string[]): Box {
    const more = [
      ...devices,
      ...[
        '-drive',
        `if=none,id=bundles,file=${disk},format=raw,readonly=on`,
        '-device',
        'virtio-blk-pci,drive=bundles',
      ],
      ...['-device', 'qemu-xhci', '-drive', `if=none,id=stick,file=${disk},format=raw,readonly=on`],
    ];
    return new Box(card, Machine.boot({ mode: 'efi', ...setting, image: card.image, more }), kept);
  }

  /** @returns the slot */
  async ready(): Promise<string> {
    const [, slot, up] = await this.machine.says(READY, 900_000);
    say(`  ready in slot ${slot}, ${up} s after the kernel's start`);
    return slot!;
  }

  run(command: string): Promise<Command> {
    return this.machine.ssh(this.#card.key, command, 400_000);
  }

  async ask(command: string): Promise<string> {
    const { code, stdout, stderr } = await this.run(command);
    assert.equal(code, 0, `${command}: ${stderr}`);
    return stdout.trim();
  }

  async status(): Promise<Status> {
    return JSON.parse(await this.ask('hpmq update status --json')) as Status;
  }

  /** What runs stays, and nothing is lost. */
  async confirmed(): Promise<Status> {
    await this.hasKept();
    const status = await this.status();
    assert.equal(status.state, 'confirmed');
    return status;
  }

  environment(): Promise<string> {
    return this.ask('grub-editenv /boot/firmware/EFI/BOOT/grubenv list | sort | tr "\\n" " "');
  }

  async mountBundles(): Promise<void> {
    await this.ask(`mkdir -p ${BUNDLES} && { mountpoint -q ${BUNDLES} || mount -o ro /dev/vdb ${BUNDLES}; }`);
  }

  /** Installs what is mounted, and reboots: the connection may end before the answer. */
  install(file: string, more = ''): Promise<Command> {
    const command = `hpmq update install ${BUNDLES}/${file} --window ${WINDOW} ${more}`;
    return this.machine.ssh(this.#card.key, command, 400_000, 'once');
  }

  async mqtt(): Promise<readonly string[]> {
    return ['-h', '127.0.0.1', '-p', String(await this.machine.port(1883))];
  }

  /** Has one more retained message kept. */
  async keep(): Promise<void> {
    const name = `kept/${this.#kept.length}`;
    const published = await execute('mosquitto_pub', [...(await this.mqtt()), '-t', name, '-m', name, '-r', '-q', '1']);
    assert.equal(published.code, 0, published.stderr);
    this.#kept.push(name);
  }

  /** All that was acknowledged is there. */
  async hasKept(): Promise<void> {
    const found = await execute('mosquitto_sub', [
      ...[...(await this.mqtt()), '-t', 'kept/#', '-F', '%t=%p'],
      ...['-C', String(this.#kept.length), '-W', '60'],
    ]);
    const expected = this.#kept.map((name) => `${name}=${name}`).sort();
    assert.deepEqual(found.stdout.trim().split('\n').sort(), expected, found.stderr);
    const queued = await execute('mosquitto_sub', [...(await this.mqtt()), ...SESSION, '-C', '1', '-W', '60']);
    assert.equal(queued.stdout.trim(), 'for later', queued.stderr);
    await this.queue();
  }

  /** A message that waits for somebody who is away. */
  async queue(): Promise<void> {
    const mqtt = await this.mqtt();
    await execute('mosquitto_sub', [...mqtt, ...SESSION, '-E']);
    const published = await execute('mosquitto_pub', [...mqtt, '-t', 'queue', '-m', 'for later', '-q', '1']);
    assert.equal(published.code, 0, published.stderr);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.machine[Symbol.asyncDispose]();
  }
}

/** A card with the image, and a disk with bundles. */
class Bench implements Disposable {
  readonly card: Card;
  readonly disk: string;
  readonly kept: string[] = [];
  readonly #setting: Setting;
  readonly #folder = mkdtempSync(join(tmpdir(), 'hpmq-bundles-'));

  /** @param prepare - makes more bundles in a folder, and names them */
  constructor(
    setting: UpdateSetting,
    releases: readonly Release[],
    prepare = (_made: string, _to: string): readonly string[] => [],
  ) {
    this.#setting = setting;
    const made = makeReleases(setting.keys, releases);
    const more = prepare(made, this.#folder);
    this.disk = join(this.#folder, 'disk');
    diskOf(
      [...releases.map((one) => join(made, bundleName(one))), ...more.map((name) => join(this.#folder, name))],
      this.disk,
    );
    this.card = provisionedCard(setting.image);
  }

  /** @param devices - more arguments for qemu */
  boot(devices: readonly string[] = []): Box {
    return Box.boot(this.#setting, this.card, this.disk, this.kept, devices);
  }

  [Symbol.dispose](): void {
    this.card[Symbol.dispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The first start of a new card: slot A, and something to lose. */
async function begin(box: Box): Promise<void> {
  assert.equal(await box.ready(), 'A');
  await box.mountBundles();
  await box.queue();
  await box.keep();
  await box.confirmed();
}

const REFUSED = {
  'tampered.raucb': 'UPDATE_TAMPERED',
  'unsigned.raucb': 'UPDATE_UNSIGNED',
  'foreign.raucb': 'UPDATE_UNTRUSTED',
};

/** What is not signed for this box is refused; what is, is installed, started and confirmed. */
export async function takeUpdate(setting: UpdateSetting): Promise<void> {
  using bench = new Bench(setting, [GOOD], (made, to) => {
    tamper(join(made, bundleName(GOOD)), join(to, 'tampered.raucb'));
    makeUnsigned(GOOD.version, join(to, 'unsigned.raucb'));
    makeForeign(GOOD.version, join(to, 'foreign.raucb'));
    return Object.keys(REFUSED);
  });
  await using box = bench.boot();
  await begin(box);
  const before = await box.status();
  for (const [file, code] of Object.entries(REFUSED)) {
    const { code: exit, stderr } = await box.install(file);
    say(`${file}: exit code ${exit}, ${stderr.trim().split('\n').slice(-3).join(' | ')}`);
    assert.equal(exit, 64);
    assert.ok(stderr.includes(code), stderr);
    const { slot, state, version } = await box.status();
    assert.deepEqual({ slot, state, version }, { slot: 'A', state: 'confirmed', version: before.version });
    assert.match(await box.environment(), /A_OK=1 A_TRY=0 .*ORDER=A B/);
  }
  const start = Date.now();
  const { code, stdout, stderr } = await box.install(bundleName(GOOD));
  say(`installed in ${Math.round((Date.now() - start) / 1_000)} s, exit code ${code}: ${(stdout + stderr).trim()}`);
  await box.machine.says(/hpmq: slot B, start 1/);
  assert.equal(await box.ready(), 'B');
  const { slot, version, state, previous, last } = await box.status();
  assert.deepEqual(
    { slot, version, state, previous },
    { slot: 'B', version: GOOD.version, state: 'confirmed', previous: before.version },
  );
  assert.equal(last?.outcome, 'confirmed');
  const environment = await box.environment();
  assert.match(environment, /A_OK=1 .*B_OK=1 B_TRY=0 ORDER=B A/);
  assert.match(await box.ask('hpmq --version; cat /etc/os-release'), /^hpmq 0\.2\.0 [\s\S]*VERSION_ID="0\.2\.0"/);
  await box.hasKept();
  say(`version ${version} confirmed in slot ${slot}; grubenv ${environment}; messages and session are there`);
  await box.ask('hpmq update rollback');
  await box.machine.says(/hpmq: slot A, start 1/);
  assert.equal(await box.ready(), 'A');
  assert.equal((await box.status()).last?.outcome, 'rolled-back');
  await box.hasKept();
  say(`rolled back to ${before.version}; messages and session are there`);
}

/** A release whose gateway does not come up goes back by itself. */
export async function fallBack(setting: UpdateSetting): Promise<void> {
  using bench = new Bench(setting, [BROKEN]);
  await using box = bench.boot();
  await begin(box);
  const start = Date.now();
  await box.install(bundleName(BROKEN));
  for (const sign of [
    /hpmq: slot B, start 1/,
    /hpmq: slot B did not prove itself, restarting/,
    /hpmq: slot B, start 2/,
    /hpmq: slot B had its starts, it is given up/,
    /hpmq: slot B did not prove itself, restarting/,
    /hpmq: slot A, start 1/,
  ]) {
    const [text] = await box.machine.says(sign, 900_000);
    say(text);
  }
  assert.equal(await box.ready(), 'A');
  const { slot, state, last } = await box.status();
  assert.deepEqual(
    { slot, state, failed: last?.version, outcome: last?.outcome },
    { slot: 'A', state: 'confirmed', failed: BROKEN.version, outcome: 'failed' },
  );
  await box.hasKept();
  say(
    `back in slot A after ${Math.round((Date.now() - start) / 1_000)} s: ${last?.reason}; grubenv ${await box.environment()}`,
  );
  await box.mountBundles();
  const again = await box.run(`hpmq update install ${BUNDLES}/${bundleName(BROKEN)} --only-newer`);
  assert.match(again.stdout + again.stderr, /nothing newer to install/);
}

/** The power goes while a release is installed, or in its first start, at moments that a seed chooses. */
export async function cutPower(setting: UpdateSetting, rounds: number, seed: number): Promise<void> {
  const random = seeded(seed);
  using bench = new Bench(setting, [GOOD]);
  // As this machine does it; a moment is a share of it.
  let installMs = 40_000;
  let startMs = 90_000;
  let slot = 'A';
  for (let round = 1; round <= rounds; round++) {
    await using box = bench.boot(NO_CLOCK);
    if (round === 1) await begin(box);
    const booted = Date.now();
    const started = round === 1 ? slot : await box.ready();
    if (round > 1) startMs = Date.now() - booted;
    const { version } = await box.confirmed();
    say(`round ${round}: version ${version} in slot ${started}; messages and session are there`);
    slot = started;
    await box.keep();
    const isFirstStart = round % 2 === 0;
    await box.mountBundles();
    const start = Date.now();
    const installing = box.install(bundleName(GOOD));
    if (isFirstStart) {
      await box.machine.says(new RegExp(`hpmq: slot ${slot === 'A' ? 'B' : 'A'}, start 1`));
      installMs = Date.now() - start;
    }
    const moment = Math.floor(random() * (isFirstStart ? startMs : installMs));
    await sleep(moment);
    await box.machine.cut();
    await installing;
    say(`round ${round}: power cut ${moment} ms into the ${isFirstStart ? 'first start' : 'installation'}`);
  }
  await using box = bench.boot(NO_CLOCK);
  const last = await box.ready();
  await box.confirmed();
  say(`${rounds} power cuts (seed ${seed}): each time a gateway came back with its data, at last in slot ${last}`);
}

/** Runs in the machine: the stick is there at its start, too. */
const SEEN_AGAIN = `for i in $(seq 60); do
  journalctl -b -u hpmq-update-usb | grep -q 'nothing newer to install' && exit 0
  sleep 2
done
journalctl -b -u hpmq-update-usb >&2
exit 1`;

/** A stick is put into a box that has no network and no clock with a battery, as a Raspberry Pi: it cannot know when the release was signed. */
export async function takeStick(setting: UpdateSetting): Promise<void> {
  using bench = new Bench(setting, [GOOD]);
  await using box = bench.boot(NO_CLOCK);
  await begin(box);
  await box.machine.plugIn('usb-storage,drive=stick,removable=on');
  say(`stick is put in on ${await box.ask('date -I')}`);
  await box.machine.says(/hpmq: slot B, start 1/, 600_000);
  assert.equal(await box.ready(), 'B');
  assert.equal((await box.status()).version, GOOD.version);
  await box.hasKept();
  await box.ask(SEEN_AGAIN);
  say('version of the stick confirmed in slot B; the stick that stays does nothing');
}
