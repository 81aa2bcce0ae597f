import t from "tap";
import { Scope } from "../../../src/core/scope.js";
t.test("closes in reverse order and waits for its tasks", async (t2) => {
  const order = [];
  const scope = new Scope((error) => t2.fail(String(error)));
  scope.defer(() => void order.push("first"));
  scope.use({ [Symbol.dispose]: () => void order.push("second") });
  scope.use({ [Symbol.asyncDispose]: async () => void order.push("third") });
  scope.run(async (signal) => {
    await new Promise((resolve) => signal.addEventListener("abort", () => setImmediate(resolve)));
    order.push("task");
  });
  await scope[Symbol.asyncDispose]();
  await scope[Symbol.asyncDispose]();
  t2.ok(scope.signal.aborted);
  t2.strictSame(
    order.filter((step) => step !== "task"),
    ["third", "second", "first"]
  );
  t2.ok(order.includes("task"));
});
t.test("a task that fails is reported, one that ends because of the close is not", async (t2) => {
  const errors = [];
  const scope = new Scope((error) => errors.push(error));
  const failure = new Error("broken");
  scope.run(async () => {
    throw failure;
  });
  scope.run((signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))));
  await new Promise(setImmediate);
  await scope[Symbol.asyncDispose]();
  t2.strictSame(errors, [failure]);
  let ran = false;
  scope.run(async () => {
    ran = true;
  });
  t2.notOk(ran, "nothing starts in a closed scope");
});
t.test("all steps of the close run, and their failures come together", async (t2) => {
  const scope = new Scope(() => {
  });
  let closed = 0;
  scope.defer(() => void closed++);
  scope.defer(() => {
    throw new Error("one");
  });
  scope.defer(async () => {
    throw new Error("two");
  });
  await t2.rejects(scope[Symbol.asyncDispose](), {
    name: "AggregateError",
    errors: [{ message: "two" }, { message: "one" }]
  });
  t2.equal(closed, 1);
});
//# sourceMappingURL=scope.test.js.map
