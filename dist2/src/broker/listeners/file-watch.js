import { statSync } from "node:fs";
import { stat } from "node:fs/promises";
const LOOK_INTERVAL = 2e3;
class FileWatch {
  #files;
  #clock;
  #onChanged;
  #onLooked;
  /** As it was when last told (or at the start). */
  #known;
  #seen;
  #timer;
  #isOver = false;
  /**
   * Files are looked at here: read them afterwards, so that no change is missed.
   *
   * @param onLooked - each time, changed or not
   */
  constructor(files, clock, onChanged, onLooked) {
    this.#files = files;
    this.#clock = clock;
    this.#onChanged = onChanged;
    this.#onLooked = onLooked;
    this.#known = files.map((file) => signature(tryStat(file))).join("|");
    this.#seen = this.#known;
  }
  start() {
    if (this.#files.length > 0) this.#wait();
  }
  [Symbol.dispose]() {
    this.#isOver = true;
    this.#timer?.cancel();
  }
  #wait() {
    this.#timer = this.#clock.after(LOOK_INTERVAL, () => void this.#look());
  }
  async #look() {
    const states = await Promise.all(this.#files.map((file) => stat(file).catch(() => void 0)));
    if (this.#isOver) return;
    const now = states.map(signature).join("|");
    if (now !== this.#seen) this.#seen = now;
    else if (now !== this.#known) {
      this.#known = now;
      this.#onChanged();
    }
    this.#onLooked();
    this.#wait();
  }
}
function tryStat(file) {
  try {
    return statSync(file);
  } catch {
    return void 0;
  }
}
function signature(state) {
  return state === void 0 ? "absent" : `${state.ino} ${state.size} ${state.mtimeMs} ${state.ctimeMs}`;
}
export {
  FileWatch,
  LOOK_INTERVAL
};
//# sourceMappingURL=file-watch.js.map
