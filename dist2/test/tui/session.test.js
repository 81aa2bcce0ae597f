import t, {} from "tap";
import { Ui } from "./screen.js";
process.env.TZ = "UTC";
async function points(t2, options = {}) {
  const ui = new Ui(t2, { screen: "points", ...options });
  await ui.sees("boiler/setpoint");
  return ui;
}
t.test("keys of screens, history, and the way out", async (t2) => {
  const ui = new Ui(t2);
  await ui.sees("\u25B8 overview");
  t2.ok(ui.isAlternate, "the alternate screen is used");
  t2.ok(ui.input.isRaw);
  await ui.press("2");
  await ui.sees("devices (3)");
  await ui.press("j", "enter");
  await ui.sees("hpmq plant-7 \u25B8 points \u25B8 meter");
  await ui.sees("points (7)");
  await ui.press("-");
  await ui.sees("devices (3)");
  await ui.press("[", "[", "[");
  await ui.sees("\u25B8 overview");
  await ui.press("]");
  await ui.sees("devices (3)");
  await ui.press("q");
  t2.equal(await ui.ended, 0);
  t2.notOk(ui.isAlternate, "the screen of before is back");
  t2.notOk(ui.input.isRaw, "raw mode is off");
  t2.ok(ui.output.raw.includes("\x1B[?25h"), "the cursor is back");
});
t.test("\u23CE on an alarm jumps to its cause", async (t2) => {
  const ui = new Ui(t2);
  await ui.sees("device:tank");
  await ui.press("enter");
  await ui.sees(/▸ tank +○ offline/);
  await ui.press("1", "j", "enter");
  await ui.sees(/▸ peer-2 +◐ connecting/);
  t2.pass("device and link were found");
});
t.test("the help lists the keys of the screen, and why some do nothing", async (t2) => {
  const ui = await points(t2);
  await ui.press("?");
  await ui.sees("on points");
  await ui.sees(/w +write +Writes a value to the point, after asking/);
  await ui.seesFlat("(now: the point is read-only: no write: in its configuration)");
  await ui.press("j", "j", "pgdn", "G");
  await ui.sees(/tab +complete/);
  await ui.press("g");
  await ui.sees("on points");
  await ui.press("q");
  await ui.sees("points (20)");
  t2.pass("q left the help, not the program");
});
t.test("a filter narrows the list while it is typed", async (t2) => {
  const ui = await points(t2);
  await ui.press("/");
  await ui.type("temp !meter");
  await ui.sees("points (1/20) /temp !meter");
  await ui.sees("1 of 20 \xB7 word  !without  re:expression");
  await ui.press("enter");
  await ui.seesNot("\u2588");
  await ui.press("esc");
  await ui.sees("points (20)");
  await ui.press("/");
  await ui.type("re:(");
  await ui.sees("\u2715 Invalid regular expression");
  await ui.press("esc");
  await ui.sees("points (20)");
  await ui.press("/");
  await ui.type("nothing like it");
  await ui.press("enter");
  await ui.sees("nothing matches nothing like it \xB7 esc shows all");
  t2.pass("an empty list says why");
});
t.test("a command is completed and done; a wrong one is explained", async (t2) => {
  const ui = await points(t2);
  await ui.press(":");
  await ui.sees("clients  devices  help  links  logs  overview  points  quit  topics");
  await ui.type("po");
  await ui.press("tab");
  await ui.sees(":points \u2588");
  await ui.sees("boiler  meter  tank");
  await ui.type("m");
  await ui.press("tab");
  await ui.type("/volt");
  await ui.press("enter");
  await ui.sees("\u25B8 points \u25B8 meter");
  await ui.sees("points (1/7) /volt");
  await ui.press(":");
  await ui.type("linsk\r");
  await ui.sees('there is no command "linsk", did you mean links?');
  await ui.press(":");
  await ui.type("quit\r");
  t2.equal(await ui.ended, 0);
});
t.test("a write is checked, asked for, sent, and its outcome shown", async (t2) => {
  const ui = await points(t2);
  await ui.press("j", "w");
  await ui.sees("\u250C\u2500 write boiler/setpoint \u2500");
  await ui.sees(/now +70\.0 °C {2}● good/);
  await ui.sees("10 to 90 \xB0C \xB7 step 0.5 \xB0C \xB7 read back after the write");
  await ui.type("900\r");
  await ui.sees("\u2715 900 is above the maximum of 90 \xB0C");
  await ui.press("ctrl-u");
  await ui.type("72.5\r");
  await ui.sees("70.0 \xB0C \u2192 72.5 \xB0C");
  await ui.sees("write this now?");
  t2.notOk(
    ui.gateway.requests.some((request) => request.includes("write")),
    "nothing was sent yet"
  );
  await ui.press("enter");
  await ui.sees("\u25CF verified 72.5 \xB0C");
  t2.ok(ui.gateway.requests.includes("POST /v1/points/{device}/{point}/write boiler setpoint"));
  await ui.press("esc");
  await ui.sees(/▸ boiler\/setpoint +72\.5/);
});
for (const [answer, expected, hint] of [
  ["refused", "\u2715 refused \xB7 WRITE_REFUSED the controller is in local mode", "switch the controller to remote"],
  ["failed", "\u2715 failed \xB7 MODBUS_TIMEOUT", "check wiring"],
  ["unknown", "\u25D0 unknown whether it was written \xB7 MODBUS_TIMEOUT", "read the point before you write again"],
  ["throw", "\u25D0 unknown whether it was written \xB7 API_CONNECTION_LOST", "read the point before you write again"]
]) {
  t.test(`a write that ends as ${answer} says so, and what to do`, async (t2) => {
    const ui = await points(t2);
    ui.gateway.writeAnswer = answer;
    await ui.press("j", "w");
    await ui.type("72.5\r");
    await ui.sees("write this now?");
    await ui.press("enter");
    await ui.sees(expected);
    await ui.seesFlat(hint);
    t2.pass("outcome and hint are there");
  });
}
t.test("a critical point wants its name", async (t2) => {
  const ui = await points(t2);
  await ui.press("/");
  await ui.type("trip\r");
  await ui.press("w");
  await ui.type("on\r");
  await ui.sees("this point is critical: type trip");
  await ui.type("tri\r");
  await ui.sees("\u2715 type trip exactly tri\u2588");
  t2.notOk(ui.gateway.requests.some((request) => request.includes("write")));
  await ui.type("p\r");
  await ui.sees("\u25CF verified true");
});
t.test("a point, a session and a gateway can be read-only; the key says which", async (t2) => {
  const ui = await points(t2);
  await ui.press("w");
  await ui.sees("write: the point is read-only: no write: in its configuration");
  const session = await points(t2, { readOnly: true });
  await session.press("j", "w");
  await session.sees("write: this session is read-only");
  await session.press("2", "p");
  await session.sees("pause: this session is read-only");
  t2.notOk(session.gateway.requests.some((request) => request.startsWith("POST")));
  const gateway = await points(t2, { gateway: { readOnly: true } });
  await gateway.press("j", "w");
  await gateway.sees("write: tui.readOnly is set in the configuration");
});
t.test("a device is paused, resumed and tried again", async (t2) => {
  const ui = new Ui(t2, { screen: "devices" });
  await ui.sees("devices (3)");
  await ui.press("p");
  await ui.sees("\u25CF boiler paused");
  await ui.sees(/▸ boiler +○ paused/);
  await ui.press("r");
  await ui.sees("retry now: the device is paused, p resumes it");
  await ui.press("p");
  await ui.sees("\u25CF boiler resumed");
  await ui.press("G", "r");
  await ui.sees("\u25CF tank is tried again now");
  t2.ok(ui.gateway.requests.includes("POST /v1/devices/{device}/retry tank"));
});
t.test("a refused request is one line with code and hint", async (t2) => {
  const ui = await points(t2);
  ui.gateway.isUp = false;
  await ui.press("r");
  await ui.sees("\u2715 API_UNREACHABLE nothing listens on unix:/run/hpmq/control.sock \xB7 start the");
  t2.pass("the interface goes on");
});
t.test("the tail follows the cursor; + watches another filter; x changes the form", async (t2) => {
  const ui = new Ui(t2, { screen: "topics" });
  await ui.sees("tail hpmq/#");
  await ui.press("j", "j", "j");
  await ui.sees(/─ tail \S*plant-7\/boiler\/burner/);
  await ui.watches("messages hpmq/plant-7/boiler/burner");
  ui.gateway.publish("hpmq/plant-7/boiler/burner", '{"v":false}');
  await ui.sees('{"v":false}');
  await ui.press("x");
  await ui.sees('"v": false');
  await ui.press("x");
  await ui.sees("7b 22 76 22 3a 66 61 6c 73 65 7d");
  await ui.press("x", "+");
  await ui.type("a/#/b\r");
  await ui.sees("not a Topic Filter: wildcard is misplaced");
  await ui.press("+");
  await ui.type("hpmq/+/meter/#\r");
  await ui.sees("topics (7) hpmq/+/meter/#");
  await ui.watches("topics hpmq/+/meter/#");
  await ui.press("1");
  await ui.until(() => ui.gateway.streams.length === 1, "only the main stream is left");
  t2.pass("streams are closed when they are not shown");
});
t.test("the tail begins with what is retained, once", async (t2) => {
  const ui = new Ui(t2, { screen: "topics" });
  await ui.sees("tail hpmq/#");
  await ui.press("G");
  await ui.sees(/─ tail \S*tank\/valve/);
  await ui.watches("messages hpmq/plant-7/tank/valve");
  await ui.sees('{"v":71.4,"q":"good"}');
  await ui.press("x");
  await ui.sees('"v": 71.4');
  t2.equal(ui.lines().filter((line) => line.includes('"v": 71.4')).length, 1);
});
t.test("looking back in the tail holds it still", async (t2) => {
  const ui = new Ui(t2, { screen: "topics" });
  await ui.sees("tail hpmq/#");
  await ui.watches("messages hpmq/#");
  for (let i = 0; i < 40; i++) ui.gateway.publish("hpmq/x", `number ${i}.`);
  await ui.sees("number 39.");
  await ui.press("tab", "pgup", "pgup");
  await ui.sees("frozen");
  await ui.seesNot("number 39.");
  await ui.press("G");
  await ui.sees("number 39.");
  await ui.seesNot("frozen");
  t2.pass("G goes on");
});
t.test("t on a point shows its messages", async (t2) => {
  const ui = await points(t2);
  await ui.press("j", "t");
  await ui.sees(/─ tail \S*plant-7\/boiler\/setpoint/);
  t2.match(ui.lines()[0], /▸ topics ▸ hpmq\/plant-7\/boiler/);
});
t.test("y copies the topic through the terminal", async (t2) => {
  const ui = await points(t2);
  await ui.press("y");
  await ui.sees("copied hpmq/plant-7/boiler/temperature");
  const encoded = Buffer.from("hpmq/plant-7/boiler/temperature").toString("base64");
  t2.ok(ui.output.raw.includes(`\x1B]52;c;${encoded}\x07`));
});
t.test("the log stays at its end until the cursor is moved; L chooses the level; space holds it", async (t2) => {
  const ui = new Ui(t2, { screen: "logs" });
  await ui.sees("device does not answer");
  for (let i = 0; i < 40; i++) ui.gateway.log("info", "broker", `line ${i}.`);
  await ui.sees("\u25B8");
  await ui.sees("line 39.");
  await ui.press("g");
  await ui.sees(/▸ .* listening/);
  await ui.press("L");
  await ui.sees(/logs \(1\)/);
  t2.notMatch(ui.text(), "line 39.");
  await ui.press("space");
  await ui.sees("frozen");
  ui.gateway.log("error", "broker", "while frozen");
  await ui.press("j");
  t2.notMatch(ui.text(), "while frozen");
  await ui.press("space");
  await ui.sees("while frozen");
});
t.test("what is pasted is text, never commands", async (t2) => {
  const ui = await points(t2);
  await ui.type("\x1B[200~q:quit\r\x1B[201~");
  await ui.press("/");
  await ui.type("\x1B[200~tank\nlevel\x1B[201~");
  await ui.sees("points (1/20) /tank level");
  t2.pass("the session is still there");
});
//# sourceMappingURL=session.test.js.map
