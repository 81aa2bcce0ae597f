import t from "tap";
import { systemClock } from "../../src/core/clock.js";
import {
  confirmWrite,
  editWrite,
  leaveWrite,
  limitsOf,
  openWrite,
  outcomeHint,
  outcomeOfError,
  outcomeText,
  parseValue,
  valueText
} from "../../src/tui/write.js";
import { FakeGateway } from "./fake-gateway.js";
const points = new Map(
  new FakeGateway({ clock: systemClock }).points().map((view) => [`${view.device}/${view.point}`, view])
);
const setpoint = points.get("boiler/setpoint");
const burner = points.get("boiler/burner");
const trip = points.get("boiler/trip");
const serial = points.get("meter/serial");
const mode = points.get("boiler/mode");
t.test("a value must be of the kind, in the range and on a step of the point", async (t2) => {
  const problem = (text, point) => {
    const parsed = parseValue(text, point);
    return "problem" in parsed ? parsed.problem : parsed.value;
  };
  t2.equal(problem(" 72.5 ", setpoint), 72.5);
  t2.equal(problem("1e1", setpoint), 10);
  t2.equal(problem("", setpoint), "type a value");
  t2.equal(problem("72,5", setpoint), "use a point, not a comma, before the decimals");
  t2.equal(problem("hot", setpoint), '"hot" is not a number');
  t2.equal(problem("0x10", setpoint), '"0x10" is not a number');
  t2.equal(problem("95", setpoint), "95 is above the maximum of 90 \xB0C");
  t2.equal(problem("9.5", setpoint), "9.5 is below the minimum of 10 \xB0C");
  t2.equal(problem("70.2", setpoint), "the value must be in steps of 0.5 \xB0C");
  t2.equal(problem("on", burner), true);
  t2.equal(problem("False", burner), false);
  t2.equal(problem("2", burner), "type true or false");
  t2.equal(problem("eco", mode), "eco");
  t2.equal(problem("9007199254740995", serial), "9007199254740995", "digits beyond 2^53 are not rounded");
  t2.equal(problem("12", serial), 12);
});
t.test("limits and values are shown in words, with the decimals of the point", async (t2) => {
  t2.equal(limitsOf(setpoint), "10 to 90 \xB0C \xB7 step 0.5 \xB0C \xB7 read back after the write");
  t2.equal(valueText(72, setpoint), "72.0 \xB0C");
  t2.equal(valueText(72.55, setpoint), "72.55 \xB0C", "what there is is not rounded away");
  t2.equal(valueText(72, { ...setpoint, value: null, text: "\u2014" }, "70.0"), "72.0 \xB0C", "also while it is not known");
  t2.equal(limitsOf(burner), "true or false \xB7 read back after the write");
  t2.equal(valueText(null, setpoint), "\u2014");
  t2.equal(valueText(true, burner), "true");
});
t.test("\u23CE checks, asks, and only then sends", async (t2) => {
  const typed = editWrite(openWrite("boiler", "setpoint"), () => "72.5");
  const asked = confirmWrite(typed, setpoint);
  t2.equal(asked.send, false);
  t2.match(asked.dialog, { stage: "confirm", value: 72.5, from: "70.0" });
  const sent = confirmWrite(asked.dialog, setpoint);
  t2.equal(sent.send, true);
  t2.equal(sent.dialog.stage, "sending");
  t2.equal(confirmWrite(sent.dialog, setpoint).send, false, "impatience sends nothing twice");
  t2.match(leaveWrite(asked.dialog), { stage: "edit", text: "72.5" });
  t2.equal(leaveWrite(typed), void 0);
});
t.test("a bad value stays in the field with the reason", async (t2) => {
  const { dialog } = confirmWrite(
    editWrite(openWrite("boiler", "setpoint"), () => "900"),
    setpoint
  );
  t2.match(dialog, { stage: "edit", text: "900", problem: /maximum/ });
  t2.equal(editWrite(dialog, () => "90").problem, void 0, "typing on takes it away");
});
t.test("a critical point wants its name typed exactly", async (t2) => {
  const { dialog } = confirmWrite(
    editWrite(openWrite("boiler", "trip"), () => "true"),
    trip
  );
  t2.equal(dialog.stage, "name");
  t2.match(confirmWrite(dialog, trip), { send: false, dialog: { problem: "type trip exactly" } });
  t2.equal(
    confirmWrite(
      editWrite(dialog, () => "Trip"),
      trip
    ).send,
    false
  );
  t2.equal(
    confirmWrite(
      editWrite(dialog, () => "trip"),
      trip
    ).send,
    true
  );
});
t.test("every outcome says what is known", async (t2) => {
  const error = { code: "X", fault: "caller", message: "no", hint: "do" };
  t2.equal(outcomeText({ status: "verified", value: 72.5 }, setpoint), "verified 72.5 \xB0C");
  t2.equal(outcomeText({ status: "written", value: 72.5 }, setpoint), "written 72.5 \xB0C, not read back");
  t2.equal(outcomeText({ status: "failed", value: null, error }, setpoint), "failed \xB7 X no");
  t2.equal(outcomeOfError(error).status, "refused");
  t2.equal(outcomeOfError({ ...error, fault: "limit" }).status, "refused");
  t2.equal(outcomeOfError({ ...error, fault: "device" }).status, "failed");
  const lost = outcomeOfError({ ...error, fault: "peer" });
  t2.equal(lost.status, "unknown", "a broken connection proves nothing");
  t2.match(outcomeText(lost, setpoint), /^unknown whether it was written/);
  t2.equal(outcomeHint(lost), "read the point before you write again");
  t2.equal(outcomeHint({ status: "verified", value: 1 }), "");
  t2.equal(outcomeHint(outcomeOfError(error)), "do");
});
//# sourceMappingURL=write.test.js.map
