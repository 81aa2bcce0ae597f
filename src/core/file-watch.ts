/**
 * Notices that files were replaced: by rename, by a symbolic link that points elsewhere (as Kubernetes mounts them), or
 * written in place. It looks instead of being told: that works on every file system and needs no watch to be renewed.
 */
import { statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Clock, Timer } from './clock.js';

/** Between two looks, ms. What changed must have stood still from one to the next: pairs are not replaced at once. */
export const LOOK_INTERVAL = 2_000;

interface FileState {
  readonly ino: number;
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
}

export class FileWatch implements Disposable {
  readonly #files: readonly string[];
  readonly #clock: Clock;
  readonly #onChanged: () => void;
  readonly #onLooked: () => void;
  readonly #interval: number;
  /** As it was when last told (or at the start). */
  #known: string;
  #seen: string;
  #timer: Timer | undefined;
  #isOver = false;

  /**
   * Files are looked at here: read them afterwards, so that no change is missed.
   *
   * @param onLooked - each time, changed or not
   * @param interval - ms
   */
  constructor(
    files: readonly string[],
    clock: Clock,
    onChanged: () => void,
    onLooked: () => void = () => {},
    interval = LOOK_INTERVAL,
  ) {
    this.#files = files;
    this.#clock = clock;
    this.#onChanged = onChanged;
    this.#onLooked = onLooked;
    this.#interval = interval;
    this.#known = files.map((file) => signature(tryStat(file))).join('|');
    this.#seen = this.#known;
  }

  start(): void {
    if (this.#files.length > 0) this.#wait();
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }

  #wait(): void {
    this.#timer = this.#clock.after(this.#interval, () => void this.#look());
  }

  async #look(): Promise<void> {
    const states = await Promise.all(this.#files.map((file) => stat(file).catch(() => undefined)));
    if (this.#isOver) return;
    const now = states.map(signature).join('|');
    if (now !== this.#seen) this.#seen = now;
    else if (now !== this.#known) {
      this.#known = now;
      this.#onChanged();
    }
    this.#onLooked();
    if (!this.#isOver) this.#wait();
  }
}

function tryStat(file: string): FileState | undefined {
  try {
    return statSync(file);
  } catch {
    return undefined;
  }
}

function signature(state: FileState | undefined): string {
  return state === undefined ? 'absent' : `${state.ino} ${state.size} ${state.mtimeMs} ${state.ctimeMs}`;
}
