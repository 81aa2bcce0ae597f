/** What scenarios of updates work with: a card with the image and a disk with bundles, and the machine that runs from them. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { provisionedCard, READY, type Setting, START_MS, say } from './boot.js';
import type { Card } from './card.js';
import { type Command, execute, Machine } from './machine.js';
import { bundleName, diskOf, makeReleases, type Release } from './release.js';

export interface UpdateSetting extends Setting {
  /** Who signs for the image: a folder of images/keys. */
  readonly keys: string;
}

/** A release that a gateway takes and keeps. */
export const GOOD = { version: '0.2.0' };
/** Emulation is slow: a window that a good release keeps there, and a broken one need not use up. */
const WINDOW = '2m';
/** As a Raspberry Pi without a network, which begins in the past at each start. */
export const NO_CLOCK = ['-rtc', 'base=2025-01-01T00:00:00'];
export const BUNDLES = '/run/bundles';

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
export class Box implements AsyncDisposable {
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
    const [, slot, up] = await this.machine.says(READY, START_MS);
    const starts = [...this.machine.console().matchAll(/hpmq: slot [AB], start \d/g)];
    say(`  ${starts.at(-1)?.[0]}: ready, slot ${slot} confirmed, ${up} s after the kernel's start`);
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
export class Bench implements Disposable {
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

/** The first start of a new card: slot A, and something to lose. @returns the slot */
export async function begin(box: Box): Promise<string> {
  const slot = await box.ready();
  assert.equal(slot, 'A');
  await box.mountBundles();
  await box.queue();
  await box.keep();
  await box.confirmed();
  return slot;
}
