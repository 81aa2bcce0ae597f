/**
 * Updates of the image: RAUC writes the slot that does not run, the boot loader tries it, and whoever confirms it decides.
 *
 *   install ─▶ other slot ─(reboot)─▶ trial ─(`hpmq update mark-good --wait`)─▶ confirmed
 *                                       └─(time over, too many starts: the boot loader)─▶ the slot before
 *
 * The record (image-record.ts), which both slots share, says what was installed and what was true before.
 */
import { createWriteStream, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { UpdateOutcome, UpdateStatus } from '../core/update-views.js';
import { makeFolder, writeDurably } from './durable.js';
import { updateError } from './errors.js';
import {
  hasFallenBack,
  type ImageRecord,
  isCutOff,
  isOnTrial,
  keepRecord,
  readRecord,
  type Undecided,
} from './image-record.js';
import { lockInstallation } from './lock.js';
import { parseInfo, parseStatus, progressOf, type RaucSlot, type RaucStatus, runRauc } from './rauc.js';
import { freeBytes, isUrl, openSource, SPARE_BYTES } from './source.js';
import { TRIAL_WINDOW } from './state.js';
import { compareVersions, type Installed, type InstallOptions, refuseUnwanted, type Updater } from './updater.js';

const INCOMING = 'incoming.raucb';

export interface ImageOptions {
  readonly folder: string;
  /** Of the program that runs in this slot. */
  readonly version: string;
  /** The `rauc` command. */
  readonly rauc: string;
  /** A new one at each start of the machine. */
  readonly bootId: () => string;
  readonly now: () => number;
  /** Bytes that are free in the folder; default: what statfs(2) says. */
  readonly free?: (folder: string) => number;
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
    rmSync(join(folder, INCOMING), { force: true });
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
      const pending = this.#isPending(before, record) ? record.to : undefined;
      refuseUnwanted(options, info.version, pending ?? from, this.#failed(before, record));
      if (!options.allowDowngrade && compareVersions(info.version, from) < 0) {
        throw updateError('UPDATE_OLDER', `version ${info.version} is older than ${from}, which runs here`);
      }
      signal.throwIfAborted();
      const next: ImageRecord = {
        format: 1,
        from,
        to: info.version,
        fromSlot: before.booted,
        toSlot: other.bootname,
        bootId: this.#options.bootId(),
        links: options.facts.links,
        windowMs: options.windowMs,
        state: 'installing',
        at: now(),
      };
      this.#keep(next);
      try {
        await this.#write(file, options);
      } catch (error) {
        await this.#takeBack(before, record, next);
        throw error;
      }
      this.#keep({ ...next, state: 'installed' });
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
    const isPending = this.#isPending(status, record);
    const isTrial = this.#isOnTrial(status, record);
    const other = status.slots.find(({ bootname }) => bootname !== status.booted);
    return {
      form: 'image',
      slot: status.booted,
      version,
      state: isTrial ? 'trial' : isPending ? 'pending' : 'confirmed',
      previous: other?.isGood === true && !isPending ? this.#versionIn(other, record) : null,
      pending: isPending ? record.to : null,
      trial: isTrial ? { links: record.links, startsLeft: null, windowMs: record.windowMs } : null,
      last: this.#last(status, record),
    };
  }

  /** That it was started is kept: a start that nobody knew of would be no reason not to try it again. */
  async beginTrial(): Promise<void> {
    const status = await this.#rauc();
    const record = readRecord(this.#options.folder);
    if (this.#isOnTrial(status, record) && record.state === 'installing') this.#keep({ ...record, state: 'installed' });
  }

  async markGood(): Promise<{ readonly version: string }> {
    const status = await this.#rauc();
    const record = readRecord(this.#options.folder);
    const isTrial = this.#isOnTrial(status, record);
    const booted = status.slots.find(({ bootname }) => bootname === status.booted);
    // The boot loader's file is not written without need.
    if (isTrial || booted?.isGood !== true) await this.#run(['status', 'mark-good']);
    if (isTrial) this.#keep({ ...record, state: 'confirmed', at: this.#options.now() });
    return { version: this.#options.version };
  }

  async rollback(): Promise<Installed> {
    const { version, now } = this.#options;
    const status = await this.#rauc();
    const record = readRecord(this.#options.folder);
    if (this.#isPending(status, record)) {
      await this.#run(['status', 'mark-active', 'booted']);
      this.#keep({ ...record, state: 'rolled-back', at: now() });
      return { version, needs: 'restart' };
    }
    const other = otherSlot(status);
    if (!other.isGood) {
      throw updateError('UPDATE_NOTHING', `slot ${other.bootname} has no version that could be started`);
    }
    await this.#run(['status', 'mark-active', 'other']);
    return this.#leave(status, record, { state: 'rolled-back' });
  }

  async giveUpTrial(reason: string): Promise<Installed> {
    const status = await this.#rauc();
    const record = readRecord(this.#options.folder);
    if (!this.#isOnTrial(status, record)) throw updateError('UPDATE_NOTHING', 'no version is on trial');
    const left = this.#leave(status, record, { state: 'failed', reason });
    // The boot loader would find it out by itself; told, it does not come back to this slot when the other one fails, too.
    await this.#run(['status', 'mark-active', 'other']);
    return left;
  }

  /** The booted slot is what the record is about from now on, whatever was installed into which one. */
  #leave(status: RaucStatus, record: ImageRecord | undefined, how: Pick<ImageRecord, 'state' | 'reason'>): Installed {
    const { version, now } = this.#options;
    const other = otherSlot(status);
    const from = this.#versionIn(other, record);
    this.#keep({
      ...{ format: 1, from, fromSlot: other.bootname, to: version, toSlot: status.booted },
      ...{ links: record?.links ?? [], windowMs: record?.windowMs ?? TRIAL_WINDOW },
      ...{ bootId: this.#options.bootId(), at: now(), ...how },
    });
    return { version: from, needs: 'reboot' };
  }

  #isOnTrial(status: RaucStatus, record: ImageRecord | undefined): record is Undecided {
    return isOnTrial(record, status.booted, this.#options.bootId());
  }

  /** Installed, and the next to start; also where only RAUC came to say so. */
  #isPending(status: RaucStatus, record: ImageRecord | undefined): record is Undecided {
    if (record === undefined || record.bootId !== this.#options.bootId()) return false;
    return record.state === 'installed' || (record.state === 'installing' && status.primary === record.toSlot);
  }

  #versionIn(slot: RaucSlot, record: ImageRecord | undefined): string {
    if (record?.fromSlot === slot.bootname) return record.from;
    if (record?.toSlot === slot.bootname && record.state !== 'installing') return record.to;
    return slot.version ?? `slot ${slot.bootname}`;
  }

  /** The version that did not stay here; undefined: none, or it was never started. */
  #failed(status: RaucStatus, record: ImageRecord | undefined): string | undefined {
    const isGivenUp = record?.state === 'failed' || record?.state === 'rolled-back';
    return isGivenUp || hasFallenBack(record, status.booted, this.#options.bootId()) ? record?.to : undefined;
  }

  #last(status: RaucStatus, record: ImageRecord | undefined): UpdateOutcome | null {
    if (record === undefined) return null;
    const { to: version, at, state, reason = null } = record;
    if (state !== 'installed' && state !== 'installing') return { version, outcome: state, reason, at };
    const boot = this.#options.bootId();
    if (isCutOff(record, status.booted, boot))
      return { version, outcome: 'failed', reason: 'its installation was cut off', at };
    if (!hasFallenBack(record, status.booted, boot)) return null;
    const back = `slot ${record.toSlot} did not confirm itself: the boot loader came back to slot ${status.booted}`;
    return { version, outcome: 'failed', reason: back, at };
  }

  /** Nothing may be on record that is not in the slot, and nothing be started that is not on record. */
  async #takeBack(before: RaucStatus, record: ImageRecord | undefined, next: ImageRecord): Promise<void> {
    const primary = await this.#rauc().then(
      (status) => status.primary,
      () => next.toSlot,
    );
    const wasPending = this.#isPending(before, record);
    if (primary === next.toSlot) {
      if (wasPending) this.#keep(record);
    } else keepRecord(this.#options.folder, wasPending ? undefined : record);
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
    const room = (this.#options.free ?? freeBytes)(folder) - SPARE_BYTES;
    const noRoom = (has: string) =>
      updateError(
        'UPDATE_NO_SPACE',
        `the bundle has ${has} bytes, there is room for ${Math.max(0, room)} in ${folder}`,
      );
    if (bytes !== undefined && bytes > room) throw noRoom(String(bytes));
    const file = join(folder, INCOMING);
    let done = 0;
    const counted = async function* (): AsyncGenerator<Buffer> {
      for await (const chunk of content) {
        done += chunk.length;
        if (done > room) throw noRoom(`more than ${room}`);
        onProgress({ phase: 'fetching', percent: bytes === undefined ? null : Math.floor((done / bytes) * 100) });
        yield chunk;
      }
    };
    try {
      await pipeline(counted(), createWriteStream(file, { flags: 'wx', mode: 0o600, flush: true }), { signal });
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
    keepRecord(this.#options.folder, record);
  }
}

function otherSlot(status: RaucStatus): RaucSlot {
  const other = status.slots.find(({ bootname }) => bootname !== status.booted);
  if (other === undefined || status.booted === '') {
    throw updateError('UPDATE_NOT_SUPPORTED', 'rauc knows no second slot, or not which one runs');
  }
  return other;
}
