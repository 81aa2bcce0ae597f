const SLICE = 0.2;
const TURN_TIME = 0.2;
class Turns {
  #clock;
  #waiting = [];
  #next = 0;
  #immediate;
  #run = () => this.#turn();
  constructor(clock) {
    this.#clock = clock;
  }
  /** @param goOn - works for one {@link SLICE} at most, and may wait again; made once per connection */
  wait(goOn) {
    this.#waiting.push(goOn);
    this.#immediate ??= setImmediate(this.#run);
  }
  #turn() {
    this.#immediate = void 0;
    const end = this.#clock.monotonic() + TURN_TIME;
    const last = this.#waiting.length;
    do
      this.#waiting[this.#next++]();
    while (this.#next < last && this.#clock.monotonic() < end);
    if (this.#next === this.#waiting.length) {
      this.#waiting = [];
      this.#next = 0;
      return;
    }
    if (this.#next >= 256) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
    this.#immediate ??= setImmediate(this.#run);
  }
}
export {
  SLICE,
  Turns
};
//# sourceMappingURL=turns.js.map
