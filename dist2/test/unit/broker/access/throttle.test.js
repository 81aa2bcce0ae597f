import t from "tap";
import { networkOf, Throttle } from "../../../../src/broker/access/throttle.js";
import { silentLog } from "../../../../src/core/log.js";
import { ManualClock } from "../../../support/manual-clock.js";
function start() {
  const clock = new ManualClock();
  const lines = [];
  const log = {
    ...silentLog,
    warn: (fields, message) => void lines.push(`${message} ${JSON.stringify(fields)}`)
  };
  const throttle = new Throttle({ clock, log });
  const fail = (host, user, times = 1) => {
    let delay = 0;
    for (let i = 0; i < times; i++) {
      delay = throttle.failed(host, user);
      if (delay > 0) throttle.released(host);
    }
    return delay;
  };
  return { clock, lines, throttle, fail };
}
t.test("a client with a wrong password blocks itself, for longer each time, and nobody else", async (t2) => {
  const { clock, throttle, fail } = start();
  fail("10.0.0.7", "anna", 4);
  t2.equal(throttle.isBlocked("10.0.0.7", "anna"), false);
  fail("10.0.0.7", "anna");
  t2.equal(throttle.isBlocked("10.0.0.7", "anna"), true);
  t2.equal(throttle.isBlocked("10.0.0.7", "bert"), false, "a neighbour behind the same address");
  t2.equal(throttle.isBlocked("10.0.0.8", "anna"), false, "the same user from elsewhere");
  await clock.advance(1e3);
  t2.equal(throttle.isBlocked("10.0.0.7", "anna"), false);
  fail("10.0.0.7", "anna");
  await clock.advance(1999);
  t2.equal(throttle.isBlocked("10.0.0.7", "anna"), true, "two seconds the second time");
  await clock.advance(1);
  t2.equal(throttle.isBlocked("10.0.0.7", "anna"), false);
  fail("10.0.0.7", "anna", 20);
  await clock.advance(59999);
  t2.equal(throttle.isBlocked("10.0.0.7", "anna"), true);
  await clock.advance(1);
  t2.equal(throttle.isBlocked("10.0.0.7", "anna"), false, "a minute at most");
  throttle.succeeded("10.0.0.7", "anna");
  fail("10.0.0.7", "anna", 4);
  t2.equal(throttle.isBlocked("10.0.0.7", "anna"), false, "success forgives");
});
t.test("one address with many users is blocked, but not those who were in from there before", async (t2) => {
  const { throttle, fail } = start();
  throttle.succeeded("10.0.0.7", "meter");
  for (let i = 0; i < 30; i++) fail("10.0.0.7", `user-${i}`);
  t2.equal(throttle.isBlocked("10.0.0.7", "somebody"), true);
  t2.equal(throttle.isBlocked("10.0.0.7", "meter"), false);
  t2.equal(throttle.isBlocked("10.0.0.8", "somebody"), false);
});
t.test("one user from many addresses: strangers wait, those who were in do not", async (t2) => {
  const { clock, throttle, fail } = start();
  throttle.succeeded("10.1.0.1", "anna");
  for (let i = 0; i < 40; i++) fail(`10.0.0.${i}`, "anna");
  t2.equal(throttle.isBlocked("192.0.2.1", "anna"), true);
  t2.equal(throttle.isBlocked("10.1.0.1", "anna"), false);
  t2.equal(throttle.isBlocked("192.0.2.1", "bert"), false);
  await clock.advance(1e4);
  t2.equal(throttle.isBlocked("192.0.2.1", "anna"), false, "nobody can lock her out for more than ten seconds");
});
t.test("the answer comes late from the second failure on; few clients are held back at a time", async (t2) => {
  const { throttle } = start();
  t2.equal(throttle.failed("10.0.0.7", "a"), 0);
  t2.strictSame(
    [1, 2, 3, 4].map(() => throttle.failed("10.0.0.7", "a")),
    [100, 200, 400, 800]
  );
  t2.equal(throttle.failed("10.0.0.7", "a"), 0, "four of one address are held already");
  throttle.released("10.0.0.7");
  t2.equal(throttle.failed("10.0.0.7", "a"), 3e3, "three seconds at most");
  for (let i = 0; i < 100; i++) throttle.failed(`10.1.0.${i}`, "b");
  const held = Array.from({ length: 100 }, (_, i) => throttle.failed(`10.1.0.${i}`, "b")).filter((ms) => ms > 0);
  t2.equal(held.length, 60, "64 in all");
});
t.test("a burst is logged at its beginning and at its end, with the count; no user name of any length", async (t2) => {
  const { clock, lines, throttle, fail } = start();
  fail("10.0.0.7", "x".repeat(6e4), 5);
  for (let i = 0; i < 9995; i++) t2.ok(throttle.isBlocked("10.0.0.7", "x".repeat(6e4)) || i < 0);
  t2.strictSame(lines, [`login failed {"address":"10.0.0.7","user":"${"x".repeat(64)}"}`]);
  await clock.advance(75e3);
  t2.equal(lines.length, 2);
  t2.match(lines[1], /^logins failed, now quiet \{"address":"10.0.0.7","failures":5,"refused":9995,"since":\d+\}$/);
  fail("10.0.0.7", "anna");
  await clock.advance(75e3);
  t2.equal(lines.length, 3, "one alone has one line");
  t2.equal(clock.pending, 0, "no timer while all is quiet");
});
t.test("bursts from ten thousand addresses are twenty lines and a sum, and the tables are bounded", async (t2) => {
  const { clock, lines, throttle, fail } = start();
  for (let i = 0; i < 3e4; i++) fail(`10.${i >> 16}.${i >> 8 & 255}.${i & 255}`, `user-${i}`);
  t2.equal(lines.length, 20);
  t2.ok(throttle.size <= 5e4);
  await clock.advance(75e3);
  t2.equal(lines.length, 21);
  t2.match(lines[20], /^logins failed from many more addresses, now quiet \{"addresses":9980,"failures":29980\}$/);
});
t.test("stopping tells of bursts that are not over", async (t2) => {
  const { clock, lines, throttle, fail } = start();
  fail("10.0.0.7", "anna", 2);
  throttle[Symbol.dispose]();
  t2.match(lines[1], /^logins failed, now quiet /);
  t2.equal(clock.pending, 0);
});
t.test("what one person has: an IPv4 address, the /64 of an IPv6 address", async (t2) => {
  for (const [host, network] of [
    ["10.0.0.7", "10.0.0.7"],
    ["::ffff:10.0.0.7", "10.0.0.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::1", "2001:db8:1:2::/64"],
    ["2001:0db8:0001:0002::9", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["", ""]
  ]) {
    t2.equal(networkOf(host), network, host);
  }
});
//# sourceMappingURL=throttle.test.js.map
