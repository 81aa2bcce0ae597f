import t from "tap";
import { EchoGuard } from "../../../src/links/echo.js";
import { ManualClock } from "../../support/manual-clock.js";
const payload = (text) => Buffer.from(text);
t.test("without No Local a live message is recognised once for each time it was sent", async (t2) => {
  const clock = new ManualClock();
  const echo = new EchoGuard(clock, false);
  echo.remember("a", payload("1"), false);
  echo.remember("a", payload("1"), false);
  t2.notOk(echo.isEcho("a", payload("2"), false), "another payload");
  t2.notOk(echo.isEcho("b", payload("1"), false), "another topic");
  t2.ok(echo.isEcho("a", payload("1"), false));
  t2.ok(echo.isEcho("a", payload("1"), false));
  t2.notOk(echo.isEcho("a", payload("1"), false), "now it is somebody else");
  t2.equal(echo.size, 0);
  echo.remember("a", payload("1"), false);
  await clock.advance(6e4);
  t2.notOk(echo.isEcho("a", payload("1"), false), "too late to be an echo");
  echo.remember("a", payload("1"), false);
  echo.disconnected();
  t2.notOk(echo.isEcho("a", payload("1"), false), "the subscription was gone");
});
t.test("with No Local only retained messages are remembered", async (t2) => {
  const echo = new EchoGuard(new ManualClock(), true);
  echo.remember("a", payload("1"), false);
  t2.equal(echo.size, 0);
  echo.remember("a", payload("1"), true);
  echo.remember("a", payload("2"), true);
  echo.disconnected();
  t2.ok(echo.isEcho("a", payload("2"), true), "our own retained message after a reconnect");
  t2.ok(echo.isEcho("a", payload("2"), true), "and after the next");
  t2.notOk(echo.isEcho("a", payload("3"), true), "somebody else wrote it");
  t2.notOk(echo.isEcho("a", payload("2"), true), "after that our old value is news");
});
t.test("memory is bounded", async (t2) => {
  const echo = new EchoGuard(new ManualClock(), false);
  for (let i = 0; i < 1e4; i++) echo.remember(`t/${i}`, payload("x"), true);
  t2.equal(echo.size, 2 * 4096);
  t2.notOk(echo.isEcho("t/0", payload("x"), false), "the oldest went");
  t2.ok(echo.isEcho("t/9999", payload("x"), false));
});
//# sourceMappingURL=echo.test.js.map
