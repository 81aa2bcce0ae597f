/**
 * Updates of the image: RAUC writes the slot that does not run, the boot loader tries it, and whoever confirms it decides.
 *
 *   install ─▶ other slot ─(reboot)─▶ trial ─(`hpmq update mark-good --wait`)─▶ confirmed
 *                                       └─(time over, too many starts: the boot loader)─▶ the slot before
 *
 * `image.json` in the folder of updates, which both slots share, says what was installed and what was true before.
 */
import { createWriteStream, readFileSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { UpdateFacts, UpdateOutcome, UpdateStatus } from '../core/update-views.js';
import { makeFolder, readJsonObject, writeDurably } from './durable.js';
import { updateError } from './errors.js';
import { lockInstallation } from './lock.js';
import { parseInfo, parseStatus, progressOf, type RaucSlot, type RaucStatus, runRauc } from './rauc.js';
import { isUrl, openSource } from './source.js';
import { compareVersions, type Installed, type InstallOptions, type Updater } from './updater.js';

const RECORD = 'image.json';
const INCOMING = 'incoming.raucb';

export interface ImageRecord extends UpdateFacts {
  readonly format: 1;
  readonly from: string;
  readonly to: string;
  readonly fromSlot: string;
  readonly toSlot: string;
  /** Of the kernel that ran while it was installed. */
  readonly bootId: string;
  readonly windowMs: number;
  readonly state: 'installed' | 'confirmed' | 'rolled-back';
  readonly at: number;
}

export interface ImageOptions {
  readonly folder: string;
  /** Of the program that runs in this slot. */
  readonly version: string;
  /** The `rauc` command. */
  readonly rauc: string;
  /** A new one at each start of the machine. */
  readonly bootId: () => string;
  readonly now: () => number;
}

export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

export function readRecord(folder: string): ImageRecord | undefined {
  const found = readJsonObject(join(folder, RECORD));
  return found?.format === 1 ? (found as unknown as ImageRecord) : undefined;
}

/** Installed, started at least once since, and yet the slot before it runs. */
export function hasFallenBack(record: ImageRecord | undefined, bootedSlot: string, boot: string): boolean {
  return record !== undefined && record.state === 'installed' && record.bootId !== boot && record.toSlot !== bootedSlot;
}

export class ImageUpdater implements Updater {
  readonly form = 'image';
  readonly #options: ImageOptions;

  constructor(options: ImageOptions) {
    this.#options = options;
  }

  async install(options: InstallOptions): Promise<Installed> {
    const { folder, now, version: from } = this.#options;
    const { signal, onProgress, source } = options;
    makeFolder(folder);
    await using _lock = await lockInstallation(folder);
    const before = await this.#rauc();
    const record = readRecord(folder);
    if (this.#isOnTrial(before, record)) {
      throw updateError('UPDATE_ON_TRIAL', `version ${from} in slot ${before.booted} is still on trial`);
    }
    const other = otherSlot(before);
    const file = isUrl(source) ? await this.#fetch(options) : source;
    try {
      onProgress({ phase: 'checking', percent: null });
      const info = parseInfo(await this.#run(['info', '--output-format=json', file], signal));
      if (info.compatible !== before.compatible) {
        throw updateError(
          'UPDATE_INCOMPATIBLE',
          `the bundle is for ${info.compatible}, this box is ${before.compatible}`,
        );
      }
      if (!options.allowDowngrade && compareVersions(info.version, from) < 0) {
        throw updateError('UPDATE_OLDER', `version ${info.version} is older than ${from}, which runs here`);
      }
      signal.throwIfAborted();
      await this.#write(file, options);
      this.#keep({
        format: 1,
        from,
        to: info.version,
        fromSlot: before.booted,
        toSlot: other.bootname,
        bootId: this.#options.bootId(),
        links: options.facts.links,
        windowMs: options.windowMs,
        state: 'installed',
        at: now(),
      });
      onProgress({ phase: 'installed', percent: 100 });
      return { version: info.version, needs: 'reboot' };
    } finally {
      rmSync(join(folder, INCOMING), { force: true });
    }
  }

  /** A unit of the image watches for it: the user of the gateway may not do it himself. */
  requestReboot(): void {
    makeFolder(this.#options.folder);
    writeDurably(join(this.#options.folder, 'reboot'), '');
  }

  async status(): Promise<UpdateStatus> {
    const { folder, version } = this.#options;
    const status = await this.#rauc();
    const record = readRecord(folder);
    const isPending = record?.state === 'installed' && record.bootId === this.#options.bootId();
    const isTrial = this.#isOnTrial(status, record);
    const other = status.slots.find(({ bootname }) => bootname !== status.booted);
    return {
      form: 'image',
      slot: status.booted,
      version,
      state: isTrial ? 'trial' : isPending ? 'pending' : 'confirmed',
      previous: other?.isGood === true && !isPending ? this.#versionIn(other, record) : null,
      pending: isPending ? record.to : null,
      trial:
        isTrial && record !== undefined ? { links: record.links, startsLeft: null, windowMs: record.windowMs } : null,
      last: this.#last(status, record),
    };
  }

  async markGood(): Promise<{ readonly version: string }> {
    const status = await this.#rauc();
    await this.#run(['status', 'mark-good']);
    const record = readRecord(this.#options.folder);
    if (record !== undefined && this.#isOnTrial(status, record)) {
      this.#keep({ ...record, state: 'confirmed', at: this.#options.now() });
    }
    return { version: this.#options.version };
  }

  async rollback(): Promise<Installed> {
    const { folder, version, now } = this.#options;
    const status = await this.#rauc();
    const record = readRecord(folder);
    const isPending = record?.state === 'installed' && record.bootId === this.#options.bootId();
    if (isPending) {
      await this.#run(['status', 'mark-active', 'booted']);
      this.#keep({ ...record, state: 'rolled-back', at: now() });
      return { version, needs: 'restart' };
    }
    const other = otherSlot(status);
    if (!other.isGood) {
      throw updateError('UPDATE_NOTHING', `slot ${other.bootname} has no version that could be started`);
    }
    await this.#run(['status', 'mark-active', 'other']);
    if (record !== undefined) this.#keep({ ...record, state: 'rolled-back', at: now() });
    return { version: this.#versionIn(other, record), needs: 'reboot' };
  }

  #isOnTrial(status: RaucStatus, record: ImageRecord | undefined): boolean {
    return record?.state === 'installed' && record.toSlot === status.booted && record.bootId !== this.#options.bootId();
  }

  #versionIn(slot: RaucSlot, record: ImageRecord | undefined): string {
    if (record?.fromSlot === slot.bootname) return record.from;
    return slot.version ?? `slot ${slot.bootname}`;
  }

  #last(status: RaucStatus, record: ImageRecord | undefined): UpdateOutcome | null {
    if (record === undefined) return null;
    const { to: version, at } = record;
    if (record.state !== 'installed') return { version, outcome: record.state, reason: null, at };
    if (!hasFallenBack(record, status.booted, this.#options.bootId())) return null;
    const reason = `slot ${record.toSlot} did not confirm itself: the boot loader came back to slot ${status.booted}`;
    return { version, outcome: 'failed', reason, at };
  }

  /** Ended in the middle, the slot that runs stays the one to start: RAUC marks the other one bad before it writes. */
  async #write(file: string, { signal, onProgress }: InstallOptions): Promise<void> {
    try {
      await runRauc({
        program: this.#options.rauc,
        args: ['install', file],
        signal,
        onLine: (line) => {
          const progress = progressOf(line);
          if (progress !== undefined) onProgress(progress);
        },
      });
    } catch (error) {
      if (signal.aborted) await this.#backToBooted();
      throw error;
    }
    if (signal.aborted) {
      await this.#backToBooted();
      throw signal.reason;
    }
  }

  /** The service goes on when its client is gone, and would make the other slot the one to start. */
  async #backToBooted(): Promise<void> {
    await runRauc({ program: 'systemctl', args: ['stop', 'rauc.service'] }).catch(() => {});
    await this.#run(['status', 'mark-active', 'booted']).catch(() => {});
  }

  async #fetch({ source, signal, onProgress }: InstallOptions): Promise<string> {
    const { folder } = this.#options;
    using opened = await openSource(source, signal);
    const { content, bytes } = opened;
    const { bavail, bsize } = statfsSync(folder);
    if (bytes !== undefined && bytes > bavail * bsize) {
      throw updateError('UPDATE_NO_SPACE', `the bundle has ${bytes} bytes, ${bavail * bsize} are free in ${folder}`);
    }
    const file = join(folder, INCOMING);
    let done = 0;
    const counted = async function* (): AsyncGenerator<Buffer> {
      for await (const chunk of content) {
        done += chunk.length;
        onProgress({ phase: 'fetching', percent: bytes === undefined ? null : Math.floor((done / bytes) * 100) });
        yield chunk;
      }
    };
    try {
      await pipeline(counted(), createWriteStream(file, { flush: true }), { signal });
    } catch (error) {
      rmSync(file, { force: true });
      if (signal.aborted) throw signal.reason;
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC')
        throw updateError('UPDATE_NO_SPACE', `the disk of ${folder} is full`, { cause: error });
      throw error;
    }
    return file;
  }

  async #rauc(): Promise<RaucStatus> {
    return parseStatus(await this.#run(['status', '--detailed', '--output-format=json']));
  }

  #run(args: readonly string[], signal?: AbortSignal): Promise<string> {
    return runRauc({ program: this.#options.rauc, args, signal });
  }

  #keep(record: ImageRecord): void {
    writeDurably(join(this.#options.folder, RECORD), `${JSON.stringify(record, null, 2)}\n`);
  }
}

function otherSlot(status: RaucStatus): RaucSlot {
  const other = status.slots.find(({ bootname }) => bootname !== status.booted);
  if (other === undefined || status.booted === '') {
    throw updateError('UPDATE_NOT_SUPPORTED', 'rauc knows no second slot, or not which one runs');
  }
  return other;
}
