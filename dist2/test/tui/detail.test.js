import t from "tap";
import { Ui } from "./screen.js";
process.env.TZ = "UTC";
t.test("a detail longer than its pane is scrolled", async (t2) => {
  const ui = new Ui(t2, { screen: "devices" });
  await ui.sees("tank");
  await ui.press("tab");
  await ui.sees("pane: i opens the detail");
  await ui.press("G", "i");
  await ui.sees(/│ error +MODBUS_TIMEOUT/);
  await ui.sees(/↓ \d+ more with tab j ─┐/);
  await ui.press("tab", "G");
  await ui.sees(/│ next try +in/);
  await ui.seesNot("more with");
  await ui.press("esc", "k");
  await ui.sees(/┌─ meter ─/);
  await ui.sees(/│ state +/);
  t2.pass("another row begins at the top");
});
t.test("a message longer than the terminal is wide has a second line", async (t2) => {
  const ui = new Ui(t2, { screen: "devices" });
  await ui.sees("device");
  await ui.press("G");
  await ui.seesFlat("did not answer within 500 ms \xB7 check wiring, unit id, baud rate and parity");
  t2.equal(ui.lines().length, 24);
  t2.match(ui.lines()[22], /\? help {2}esc back {2}q quit$/);
});
//# sourceMappingURL=detail.test.js.map
