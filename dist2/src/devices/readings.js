class Readings {
  #config;
  #points;
  #publisher;
  #clock;
  /** Points whose last attempt, since the device answers, was bad. */
  #troubled = /* @__PURE__ */ new Map();
  constructor(config, points, publisher, clock) {
    this.#config = config;
    this.#points = points;
    this.#publisher = publisher;
    this.#clock = clock;
  }
  /** Why a point of a device that answers is bad; undefined when none is. */
  get trouble() {
    return this.#troubled.values().next().value;
  }
  /** @param force - publish in any case: someone waits for it */
  take(point, reading, force = false) {
    const sample = point.sampleOf(reading);
    if (sample.error === void 0) this.#troubled.delete(point.id);
    else this.#troubled.set(point.id, sample.error);
    this.#store(point, sample, reading.value, force);
  }
  /** The attempt to read these points failed: no value is better than an old one that looks new. */
  fault(points, error) {
    const at = this.#clock.now();
    for (const point of points) {
      this.#troubled.set(point.id, error);
      this.#store(point, { value: void 0, quality: "bad", at, error });
    }
  }
  /** The device is not there. */
  faultAll(error) {
    this.fault(this.#points, error);
  }
  /** The device answers again; what is bad from its absence says nothing about it any more. */
  forget() {
    this.#troubled.clear();
  }
  /** Nobody looks after the values any more. */
  stale() {
    for (const point of this.#points) {
      const { sample } = point.shadow;
      if (sample?.quality === "good") this.#store(point, { ...sample, quality: "stale" });
    }
  }
  #store(point, sample, raw, force = false) {
    point.shadow.set(sample, raw);
    if (point.rule.accepts(sample, this.#clock.monotonic(), force)) this.#publisher.point(this.#config, point.shadow);
  }
}
export {
  Readings
};
//# sourceMappingURL=readings.js.map
