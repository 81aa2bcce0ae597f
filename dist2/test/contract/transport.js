import { once } from "node:events";
function transportContract(t, openTransport, rig, options = {}) {
  const signal = new AbortController().signal;
  t.test("bytes go out and come in, in order", options, async (t2) => {
    const { endpoint, far } = await rig(t2);
    const wire = await openTransport(endpoint, signal);
    t2.teardown(() => wire.destroy());
    if (far === void 0) {
      t2.equal(await written(wire, Buffer.from([1, 2, 3])), void 0);
      return;
    }
    const other = await far.stream();
    const out = Buffer.from(Array.from({ length: 2e3 }, (_, i) => i & 255));
    const [, seen] = await Promise.all([written(wire, out), take(other, out.length)]);
    t2.ok(seen.equals(out), "what was written arrived");
    const [answer] = await Promise.all([take(wire, out.length), written(other, out.toReversed())]);
    t2.ok(answer.equals(out.toReversed()), "what the far side wrote came in");
  });
  t.test("destroy frees the wire: close is emitted once, and it can be opened again", options, async (t2) => {
    const { endpoint } = await rig(t2);
    for (let i = 0; i < 3; i++) {
      const wire = await openTransport(endpoint, signal);
      let closed = 0;
      wire.on("close", () => closed++);
      wire.destroy();
      wire.destroy();
      await once(wire, "close");
      t2.equal(closed, 1);
      t2.ok(wire.destroyed);
    }
  });
  t.test("an error on an open wire ends the wire, not the process", options, async (t2) => {
    const { endpoint } = await rig(t2);
    const wire = await openTransport(endpoint, signal);
    wire.destroy(new Error("as from the system"));
    await new Promise((resolve) => wire.once("close", resolve));
    t2.ok(wire.destroyed);
  });
  t.test("an aborted signal opens nothing", options, async (t2) => {
    const { endpoint } = await rig(t2);
    const reason = new Error("not wanted");
    await t2.rejects(openTransport(endpoint, AbortSignal.abort(reason)), reason);
  });
  t.test("the far side goes away: the wire closes", options, async (t2) => {
    const { endpoint, far } = await rig(t2);
    if (far === void 0) return t2.pass("there is no far side");
    const wire = await openTransport(endpoint, signal);
    wire.resume();
    const other = await far.stream();
    other.on("error", () => {
    });
    const closed = new Promise((resolve) => wire.once("close", resolve));
    await far.kill();
    await closed;
    t2.ok(wire.destroyed);
    return void 0;
  });
}
function written(wire, bytes) {
  return new Promise((resolve, reject) => {
    wire.write(bytes, (error) => error ? reject(error) : resolve());
  });
}
function take(wire, count) {
  return new Promise((resolve, reject) => {
    const chunks = [];
    let size = 0;
    const onData = (chunk) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size < count) return;
      wire.off("data", onData);
      resolve(Buffer.concat(chunks).subarray(0, count));
    };
    wire.on("data", onData);
    wire.once("close", () => reject(new Error(`closed after ${size} of ${count} bytes`)));
  });
}
export {
  transportContract
};
//# sourceMappingURL=transport.js.map
