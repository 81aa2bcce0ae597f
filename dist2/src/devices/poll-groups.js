import { Plan } from "./planner.js";
import { Beats } from "./poll.js";
const MAX_ABSENCE_MS = 3e4;
class PollGroups {
  /** Reads skipped because the one before was not done. */
  overruns = 0;
  #groups;
  #queue = [];
  /** Waiting in the queue or on the wire. */
  #open = /* @__PURE__ */ new Set();
  /** Their beat came while they were open. */
  #missed = /* @__PURE__ */ new Set();
  /** Exchanges that went without an answer while others did not: each costs a time-out, so they are tried ever less. */
  #silences = /* @__PURE__ */ new WeakMap();
  #clock;
  #probes = 0;
  /** @param onDue - there is something new to read */
  constructor(points, clock, phase, onDue) {
    this.#clock = clock;
    const byEvery = Map.groupBy(points, (point) => point.config.every);
    this.#groups = [...byEvery].sort(([a], [b]) => a - b).map(([every, members]) => {
      const group = {
        plan: new Plan(members, clock),
        every,
        beats: new Beats(clock, every, phase, (skipped) => {
          this.overruns += skipped;
          this.#beat(group);
          onDue();
        }),
        lastFailed: void 0
      };
      return group;
    });
  }
  /** Nothing to read at all. */
  get empty() {
    return this.#groups.length === 0;
  }
  /** Everything is due, and the beats begin; `except` was read just now. */
  start(except) {
    this.allDue(except);
    for (const group of this.#groups) group.beats.start();
  }
  stop() {
    for (const group of this.#groups) group.beats.stop();
    this.#queue = [];
    this.#open.clear();
    this.#missed.clear();
  }
  allDue(except) {
    for (const group of this.#groups) this.#enqueue(group, group.plan.pieces(), except?.piece);
  }
  /** Reads this point after what waits already: a flood of writes must not keep the others from being read. */
  due(point) {
    for (const group of this.#groups) {
      const piece = group.plan.pieceOf(point);
      if (piece !== void 0) this.#enqueue(group, [piece]);
    }
  }
  next() {
    return this.#queue.shift();
  }
  /** One exchange to find out whether the device is there; another one each time, because one may be unanswerable. */
  nextProbe() {
    const entries = this.#groups.flatMap((group) => group.plan.pieces().map((piece) => ({ group, piece })));
    const entry = entries[this.#probes++ % Math.max(1, entries.length)];
    if (entry !== void 0) this.#open.add(entry.piece);
    return entry;
  }
  /** The exchange ended, one way or another. */
  done(entry) {
    this.#open.delete(entry.piece);
  }
  answered({ piece }) {
    this.#silences.delete(piece);
    this.#missed.delete(piece);
  }
  failed({ group, piece }) {
    group.lastFailed = piece;
    const times = (this.#silences.get(piece)?.times ?? 0) + 1;
    const absence = times === 1 ? 0 : Math.min(MAX_ABSENCE_MS, group.every * 2 ** Math.min(20, times - 1));
    this.#silences.set(piece, { times, until: this.#clock.monotonic() + absence });
    if (this.#missed.delete(piece) && times === 1) this.#enqueue(group, [piece]);
  }
  /**
   * The device refused the whole exchange.
   *
   * @returns true when it is tried again in halves, at once; false when the refusal stands
   */
  refused(entry) {
    const halves = entry.group.plan.refused(entry.piece);
    for (const piece of halves.toReversed()) {
      this.#open.add(piece);
      this.#queue.unshift({ group: entry.group, piece });
    }
    return halves.length > 0;
  }
  #beat(group) {
    const now = this.#clock.monotonic();
    const pieces = group.plan.pieces().filter((piece) => (this.#silences.get(piece)?.until ?? now) <= now);
    const after = group.lastFailed === void 0 ? -1 : pieces.indexOf(group.lastFailed);
    if (this.#enqueue(group, [...pieces.slice(after + 1), ...pieces.slice(0, after + 1)])) this.overruns++;
  }
  /** @returns whether any of the pieces was still open from the time before */
  #enqueue(group, pieces, except) {
    let overrun = false;
    for (const piece of pieces) {
      if (piece === except) continue;
      if (this.#open.has(piece)) {
        overrun = true;
        this.#missed.add(piece);
        continue;
      }
      this.#open.add(piece);
      this.#queue.push({ group, piece });
    }
    return overrun;
  }
}
export {
  PollGroups
};
//# sourceMappingURL=poll-groups.js.map
