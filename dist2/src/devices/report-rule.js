const NEXT_READING = 0.9;
class ReportRule {
  #config;
  #every;
  #last;
  #lastAt = 0;
  /** @param every - time between two readings, ms */
  constructor(config, every) {
    this.#config = config;
    this.#every = every;
  }
  /**
   * Compares with what was reported last, not with what was read last: a value that creeps is reported in time.
   *
   * @param now - monotonic ms
   * @param force - publish in any case: someone waits for it
   * @returns whether to publish; then this sample is the last reported
   */
  accepts(sample, now, force = false) {
    if (!force && !this.#worthwhile(sample, now)) return false;
    this.#last = sample;
    this.#lastAt = now;
    return true;
  }
  #worthwhile(sample, now) {
    const last = this.#last;
    const { mode, deadband, maxSilence } = this.#config;
    if (last === void 0 || mode === "always") return true;
    if (last.quality !== sample.quality || last.error?.code !== sample.error?.code) return true;
    if (now - this.#lastAt + NEXT_READING * this.#every >= maxSilence) return true;
    return differs(last.value, sample.value, deadband);
  }
}
function differs(a, b, deadband) {
  if (a === b) return false;
  if (typeof a === "number" && typeof b === "number") return reaches(Math.abs(a - b), deadband);
  if (typeof a === "bigint" && typeof b === "bigint") return reaches(Number(a > b ? a - b : b - a), deadband);
  return true;
}
function reaches(change, deadband) {
  return change >= deadband * (1 - 1e-9);
}
export {
  ReportRule
};
//# sourceMappingURL=report-rule.js.map
