import t from "tap";
import { HashingQueue } from "../../../../src/broker/access/hashing.js";
import { settle } from "../../../support/manual-clock.js";
class Tasks {
  started = [];
  #open = /* @__PURE__ */ new Map();
  task(name) {
    return () => new Promise((resolve) => {
      this.started.push(name);
      this.#open.set(name, () => resolve(name));
    });
  }
  async end(name) {
    this.#open.get(name)();
    await settle();
  }
}
t.test("two at a time, one per address, addresses in turn", async (t2) => {
  const queue = new HashingQueue();
  const tasks = new Tasks();
  const done = ["a1", "a2", "a3", "b1", "c1", "c2"].map((name) => queue.run(name[0], tasks.task(name)));
  t2.strictSame(tasks.started, ["a1", "b1"], "a flood of one address has one thread");
  await tasks.end("b1");
  t2.strictSame(tasks.started, ["a1", "b1", "c1"]);
  await tasks.end("a1");
  t2.strictSame(tasks.started, ["a1", "b1", "c1", "a2"]);
  for (const name of ["c1", "a2", "c2", "a3"]) await tasks.end(name);
  t2.strictSame(await Promise.all(done), ["a1", "a2", "a3", "b1", "c1", "c2"]);
  t2.equal(queue.size, 0);
});
t.test("an address that fills its line is told so at once; the others have theirs", async (t2) => {
  const queue = new HashingQueue();
  const tasks = new Tasks();
  const taken = Array.from({ length: 1e3 }, (_, i) => queue.run("a", tasks.task(`a${i}`)));
  t2.equal(taken.filter((one) => one !== void 0).length, 129, "one runs, 128 wait");
  t2.ok(queue.run("b", tasks.task("b")) !== void 0);
  t2.strictSame(tasks.started, ["a0", "b"]);
});
t.test("from very many addresses: bounded in all", async (t2) => {
  const queue = new HashingQueue();
  const tasks = new Tasks();
  for (let i = 0; i < 1e4; i++) void queue.run(`a${i}`, tasks.task(`a${i}`));
  t2.equal(queue.size, 4098);
});
t.test("a task that fails gives its place back", async (t2) => {
  const queue = new HashingQueue();
  await t2.rejects(queue.run("a", () => Promise.reject(new Error("no memory"))), { message: "no memory" });
  t2.equal(await queue.run("a", async () => 7), 7);
  await settle();
  t2.equal(queue.size, 0);
});
//# sourceMappingURL=hashing.test.js.map
