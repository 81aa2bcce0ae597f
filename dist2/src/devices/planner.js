const MEMORY_MS = 36e5;
const FRUITLESS_MS = 6e5;
function mergeSpans(points, maxGap = 0) {
  const spans = /* @__PURE__ */ new Map();
  const alone = [];
  for (const point of points) {
    if (point.span === void 0) alone.push([point]);
    else {
      const list = spans.get(point.span.space);
      if (list === void 0) spans.set(point.span.space, [point]);
      else list.push(point);
    }
  }
  const runs = [];
  for (const list of spans.values()) {
    list.sort((a, b) => a.span.start - b.span.start || a.span.length - b.span.length);
    let run = [];
    let start = 0;
    let end = 0;
    let limit = 0;
    for (const point of list) {
      const span = point.span;
      const newEnd = Math.max(end, span.start + span.length);
      const newLimit = Math.min(limit, span.limit);
      if (run.length > 0 && span.start <= end + maxGap && newEnd - start <= newLimit) {
        run.push(point);
        end = newEnd;
        limit = newLimit;
      } else {
        run = [point];
        runs.push(run);
        start = span.start;
        end = span.start + span.length;
        limit = span.limit;
      }
    }
  }
  return [...runs, ...alone];
}
class Plan {
  #clock;
  #runs;
  #runOf = /* @__PURE__ */ new Map();
  constructor(points, clock, maxGap = 0) {
    this.#clock = clock;
    this.#runs = mergeSpans(points, maxGap).map((run) => {
      const whole = { points: run };
      return { whole, pieces: [whole], cutAt: void 0, keepUntil: Number.NEGATIVE_INFINITY, refused: /* @__PURE__ */ new Set() };
    });
    for (const run of this.#runs) for (const point of run.whole.points) this.#runOf.set(point, run);
  }
  /** Every point exactly once. */
  pieces() {
    const now = this.#clock.monotonic();
    for (const run of this.#runs) {
      if (run.cutAt !== void 0 && now - run.cutAt >= MEMORY_MS) this.#heal(run);
    }
    return this.#runs.flatMap((run) => run.pieces);
  }
  /** The exchange that reads this point now. */
  pieceOf(point) {
    return this.#runOf.get(point)?.pieces.find((piece) => piece.points.includes(point));
  }
  /** The device answered with at least one value. */
  answered(piece) {
    this.#run(piece)?.refused.delete(piece);
  }
  /**
   * The device refused all points of the piece.
   *
   * @returns the halves to try instead, at once; empty when the refusal stands
   */
  refused(piece) {
    const run = this.#run(piece);
    if (run === void 0 || !run.pieces.includes(piece)) return [];
    const { points } = piece;
    if (points.length > 1 && this.#clock.monotonic() >= run.keepUntil) {
      const middle = points.length >> 1;
      const halves = [{ points: points.slice(0, middle) }, { points: points.slice(middle) }];
      run.cutAt ??= this.#clock.monotonic();
      run.pieces = run.pieces.flatMap((other) => other === piece ? halves : [other]);
      return halves;
    }
    run.refused.add(piece);
    if (run.pieces.length > 1 && run.pieces.every((other) => run.refused.has(other))) {
      this.#heal(run);
      run.keepUntil = this.#clock.monotonic() + FRUITLESS_MS;
    }
    return [];
  }
  #heal(run) {
    run.pieces = [run.whole];
    run.cutAt = void 0;
    run.refused.clear();
  }
  #run(piece) {
    const first = piece.points[0];
    return first === void 0 ? void 0 : this.#runOf.get(first);
  }
}
export {
  Plan,
  mergeSpans
};
//# sourceMappingURL=planner.js.map
