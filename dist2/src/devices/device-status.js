class DeviceStatus {
  #device;
  #publisher;
  #clock;
  #log;
  #state = "starting";
  #since;
  #error;
  /** @param log - of the device */
  constructor(device, publisher, clock, log) {
    this.#device = device;
    this.#publisher = publisher;
    this.#clock = clock;
    this.#log = log;
    this.#since = clock.now();
  }
  get state() {
    return this.#state;
  }
  /** Unix ms. */
  get since() {
    return this.#since;
  }
  /** What is wrong; undefined when nothing is. */
  get error() {
    return this.#error;
  }
  publish() {
    this.#publisher.state(this.#device, this.#state, this.#since, this.#error?.code);
  }
  /** Tells everyone when the state, or the reason of it, is another one. */
  set(state, error) {
    const before = this.#state;
    const isSame = state === before && error?.code === this.#error?.code;
    this.#state = state;
    this.#error = error;
    if (isSame) return;
    if (state !== before) {
      this.#since = this.#clock.now();
      this.#tell(before);
    }
    this.publish();
  }
  /** Absence and return are news; a device that answers but has bad points changes often. */
  #tell(before) {
    const fields = { from: before, code: this.#error?.code };
    if (this.#state === "offline") this.#log.warn({ ...fields, reason: this.#error?.message }, "device is offline");
    else if (before === "offline" || before === "starting") this.#log.info(fields, `device is ${this.#state}`);
    else this.#log.debug(fields, `device is ${this.#state}`);
  }
}
export {
  DeviceStatus
};
//# sourceMappingURL=device-status.js.map
