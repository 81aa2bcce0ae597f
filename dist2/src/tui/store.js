import { reduce } from "./model.js";
const FRAME_MS = 500;
const GATHER_MS = 50;
const fromGateway = /* @__PURE__ */ new Set(["event", "clients", "tick"]);
class Store {
  #clock;
  #listeners = /* @__PURE__ */ new Set();
  #model;
  #timer;
  /** When news of the gateway was drawn last, monotonic ms. */
  #drawnAt = Number.NEGATIVE_INFINITY;
  constructor(model, clock) {
    this.#model = model;
    this.#clock = clock;
  }
  get model() {
    return this.#model;
  }
  snapshot = () => this.#model;
  subscribe = (listener) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };
  dispatch = (action) => {
    const next = reduce(this.#model, action);
    if (next === this.#model) return;
    this.#model = next;
    if (!fromGateway.has(action.type)) this.#tell();
    else this.#timer ??= this.#clock.after(this.#wait(), () => this.#drawNews());
  };
  [Symbol.dispose]() {
    this.#timer?.cancel();
    this.#listeners.clear();
  }
  /** News after a quiet time are drawn soon, those after them in their turn. */
  #wait() {
    return Math.max(GATHER_MS, FRAME_MS - (this.#clock.monotonic() - this.#drawnAt));
  }
  #drawNews() {
    this.#drawnAt = this.#clock.monotonic();
    this.#tell();
  }
  #tell() {
    this.#timer?.cancel();
    this.#timer = void 0;
    for (const listener of [...this.#listeners]) listener();
  }
}
export {
  FRAME_MS,
  Store
};
//# sourceMappingURL=store.js.map
