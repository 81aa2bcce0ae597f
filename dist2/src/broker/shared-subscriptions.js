import { ABSENT } from "../core/router.js";
import { plainFilter } from "./shared-filter.js";
class SharedSubscription {
  name;
  /** What messages have to match: the name without `$share/{ShareName}/`. */
  filter;
  #members = [];
  /** Whose turn it is. */
  #next = 0;
  constructor(name) {
    this.name = name;
    this.filter = plainFilter(name);
  }
  get size() {
    return this.#members.length;
  }
  add(member) {
    this.#members.push(member);
  }
  remove(member) {
    const at = this.#members.indexOf(member);
    if (at < 0) return;
    this.#members.splice(at, 1);
    if (at < this.#next) this.#next--;
  }
  deliver(message) {
    return give(message, this.#choose(message, void 0, Number.POSITIVE_INFINITY));
  }
  /** @see Share.pass */
  pass(message, from, to) {
    const limit = to === "connected" ? ABSENT : Number.POSITIVE_INFINITY;
    return give(message, this.#choose(message, from, limit)) !== "none";
  }
  /** A member is there to take messages: those who are not give it theirs. */
  arrived(sink) {
    if (this.#members.length < 2) return;
    for (const other of [...this.#members]) if (other.sink !== sink) other.sink.passOn?.(this);
  }
  /** @param limit - of the backlog, exclusive */
  #choose(message, except, limit) {
    const members = this.#members;
    let best = -1;
    let shortest = limit;
    for (let i = 0; i < members.length && shortest > 0; i++) {
      const at = (this.#next + i) % members.length;
      const { sink, subscription } = members[at];
      if (sink === except || sink.mayReceive?.(message.topic) === false) continue;
      const backlog = sink.backlog?.(Math.min(message.qos, subscription.qos)) ?? 0;
      if (backlog >= shortest) continue;
      shortest = backlog;
      best = at;
    }
    if (best < 0) return void 0;
    this.#next = (best + 1) % members.length;
    return members[best];
  }
}
function give(message, member) {
  if (member === void 0) return "none";
  return member.sink.deliver(message, member.subscription) ? "taken" : "dropped";
}
export {
  SharedSubscription
};
//# sourceMappingURL=shared-subscriptions.js.map
