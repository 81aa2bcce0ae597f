import { errorView } from "../core/errors.js";
import { displayText, rawKind } from "./point.js";
class ShadowPoint {
  device;
  config;
  topic;
  /** Why it cannot be written; undefined: it can. */
  readOnlyReason;
  #shadow;
  #sample;
  #kind;
  #revision;
  #view;
  constructor(shadow, device, config, topic, readOnlyReason) {
    this.#shadow = shadow;
    this.device = device;
    this.config = config;
    this.topic = topic;
    this.readOnlyReason = readOnlyReason;
    this.#revision = shadow.advance();
  }
  /** undefined before the first attempt to read it. */
  get sample() {
    return this.#sample;
  }
  /** Kind of the last raw value. */
  get kind() {
    return this.#kind;
  }
  get revision() {
    return this.#revision;
  }
  set(sample, raw) {
    this.#sample = sample;
    if (raw !== void 0) this.#kind = rawKind(raw);
    this.#view = void 0;
    this.#revision = this.#shadow.advance();
  }
  view() {
    this.#view ??= this.#makeView();
    return this.#view;
  }
  #makeView() {
    const { config, readOnlyReason } = this;
    const sample = this.#sample;
    const value = sample?.value;
    const write = config.write;
    return {
      device: this.device,
      point: config.id,
      topic: this.topic,
      value: viewValue(value),
      text: displayText(value, config),
      ...config.unit === void 0 ? {} : { unit: config.unit },
      quality: sample?.quality ?? "stale",
      at: sample?.at ?? null,
      every: config.every,
      writable: readOnlyReason === void 0,
      ...readOnlyReason === void 0 ? {} : { readOnlyReason },
      ...write === void 0 || readOnlyReason !== void 0 ? {} : {
        write: {
          ...write.min === void 0 ? {} : { min: write.min },
          ...write.max === void 0 ? {} : { max: write.max },
          ...write.step === void 0 ? {} : { step: write.step },
          verify: write.verify,
          critical: write.critical
        }
      },
      ...sample?.error === void 0 ? {} : { error: errorView(sample.error) }
    };
  }
}
function viewValue(value) {
  if (value === void 0) return null;
  if (typeof value !== "bigint") return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}
class Shadow {
  #points = /* @__PURE__ */ new Map();
  #revision = 0;
  get revision() {
    return this.#revision;
  }
  /** @returns a number larger than all before */
  advance() {
    return ++this.#revision;
  }
  add(device, config, topic, readOnlyReason) {
    const point = new ShadowPoint(this, device, config, topic, readOnlyReason);
    const points = this.#points.get(device);
    if (points === void 0) this.#points.set(device, [point]);
    else points.push(point);
    return point;
  }
  views() {
    return this.#collect(() => true);
  }
  changedSince(revision) {
    return { revision: this.#revision, points: this.#collect((point) => point.revision > revision) };
  }
  #collect(wanted) {
    const views = [];
    for (const points of this.#points.values()) {
      for (const point of points) if (wanted(point)) views.push(point.view());
    }
    return views;
  }
}
export {
  Shadow,
  ShadowPoint,
  viewValue
};
//# sourceMappingURL=shadow.js.map
