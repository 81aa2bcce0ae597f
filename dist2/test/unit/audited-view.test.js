import t from "tap";
import { auditedView } from "../../src/audited-view.js";
import { FakeView } from "../support/fake-view.js";
function start() {
  const inner = new FakeView();
  const records = [];
  const plain = Object.fromEntries(
    ["publish", "write", "pause", "resume", "retry", "read", "points"].map((name) => [
      name,
      inner[name].bind(inner)
    ])
  );
  return { inner, records, view: auditedView(plain, (record) => void records.push(record)) };
}
const short = (records) => records.map(({ who, action, target, outcome }) => `${who}: ${action} ${target}: ${outcome}`);
t.test("what is changed through the control socket is recorded with its outcome, what is read is not", async (t2) => {
  const { inner, records, view } = start();
  view.points();
  await view.publish({ topic: "a/b", text: "hunter2", qos: 0, retain: false });
  const device = inner.devices_[0].name;
  const point = inner.points_.find((one) => one.device === device && one.writable).point;
  await view.write(device, point, { value: 50 });
  view.pause(device);
  view.resume(device);
  t2.strictSame(short(records), [
    "control socket: publish a/b: done",
    `control socket: write point ${device}.${point}: verified`,
    `control socket: pause device ${device}: done`,
    `control socket: resume device ${device}: done`
  ]);
  t2.notMatch(JSON.stringify(records), /hunter2|50/, "no payload and no value");
});
t.test("what is refused is recorded with the code of the error, which goes on to the caller", async (t2) => {
  const { inner, records } = start();
  const failing = auditedView(
    {
      ...inner,
      pause: () => {
        throw Object.assign(new Error("no"), { code: "DEVICE_UNKNOWN" });
      },
      publish: () => Promise.reject(new TypeError("broken"))
    },
    (record) => void records.push(record)
  );
  t2.throws(() => failing.pause("x"), { code: "DEVICE_UNKNOWN" });
  await t2.rejects(failing.publish({ topic: "a", text: "", qos: 0, retain: false }), { name: "TypeError" });
  t2.strictSame(short(records), [
    "control socket: pause device x: DEVICE_UNKNOWN",
    "control socket: publish a: TypeError"
  ]);
});
//# sourceMappingURL=audited-view.test.js.map
