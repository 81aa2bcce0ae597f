import { Session } from "./session.js";
class Sessions {
  #context;
  #sessions = /* @__PURE__ */ new Map();
  /** Without a connection, longest absent first. */
  #absent = /* @__PURE__ */ new Set();
  constructor(context) {
    this.#context = context;
  }
  [Symbol.iterator]() {
    return this.#sessions.values();
  }
  get size() {
    return this.#sessions.size;
  }
  /** Sessions with a connection. */
  get connected() {
    return this.#sessions.size - this.#absent.size;
  }
  get(clientId) {
    return this.#sessions.get(clientId);
  }
  create(clientId) {
    const session = new Session(clientId, this.#context, (ended) => {
      this.#absent.delete(ended);
      if (this.#sessions.get(clientId) === ended) this.#sessions.delete(clientId);
    });
    this.#sessions.set(clientId, session);
    return session;
  }
  /** The session has a connection again. */
  present(session) {
    this.#absent.delete(session);
  }
  /** The session lost its connection. */
  absent(session) {
    if (this.#sessions.get(session.id) === session) this.#absent.add(session);
  }
  /** As many sessions may wait for a connection as connections are allowed. */
  evict() {
    for (const longest of this.#absent) {
      if (this.#absent.size <= this.#context.limits.connections) return;
      longest.end();
    }
  }
  /** The broker stops: everything goes, no Will is sent. */
  discard() {
    for (const session of this.#sessions.values()) session.discard();
    this.#sessions.clear();
    this.#absent.clear();
  }
}
export {
  Sessions
};
//# sourceMappingURL=sessions.js.map
