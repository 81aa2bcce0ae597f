function openWrite(device, point) {
  return { device, point, stage: "edit", text: "", name: "" };
}
const truths = {
  true: true,
  on: true,
  "1": true,
  yes: true,
  false: false,
  off: false,
  "0": false,
  no: false
};
function parseValue(source, point) {
  const text = source.trim();
  if (text === "") return { problem: "type a value" };
  if (typeof point.value === "boolean") {
    const value2 = truths[text.toLowerCase()];
    return value2 === void 0 ? { problem: "type true or false" } : { value: value2 };
  }
  const isText = typeof point.value === "string" && !/^-?\d+$/.test(point.value);
  if (isText) return { value: text };
  if (/^-?\d+,\d+$/.test(text)) return { problem: "use a point, not a comma, before the decimals" };
  if (!/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text)) {
    if (point.value === null && point.write?.min === void 0 && point.write?.max === void 0)
      return { value: text };
    return { problem: `${JSON.stringify(text)} is not a number` };
  }
  const value = Number(text);
  if (!Number.isFinite(value)) return { problem: "the number is too large" };
  const { min, max, step } = point.write ?? {};
  const unit = point.unit === void 0 ? "" : ` ${point.unit}`;
  if (min !== void 0 && value < min) return { problem: `${text} is below the minimum of ${min}${unit}` };
  if (max !== void 0 && value > max) return { problem: `${text} is above the maximum of ${max}${unit}` };
  if (step !== void 0 && step > 0) {
    const steps = (value - (min ?? 0)) / step;
    if (Math.abs(steps - Math.round(steps)) > 1e-6) return { problem: `the value must be in steps of ${step}${unit}` };
  }
  if (/^[-+]?\d+$/.test(text) && !Number.isSafeInteger(value)) return { value: text.replace(/^\+/, "") };
  return { value };
}
function limitsOf(point) {
  const { min, max, step, verify } = point.write ?? {};
  const unit = point.unit === void 0 ? "" : ` ${point.unit}`;
  const parts = [];
  if (typeof point.value === "boolean") parts.push("true or false");
  else if (min !== void 0 && max !== void 0) parts.push(`${min} to ${max}${unit}`);
  else if (min !== void 0) parts.push(`at least ${min}${unit}`);
  else if (max !== void 0) parts.push(`at most ${max}${unit}`);
  else parts.push("no range configured");
  if (step !== void 0) parts.push(`step ${step}${unit}`);
  parts.push(verify === true ? "read back after the write" : "not read back");
  return parts.join(" \xB7 ");
}
function valueText(value, point, shown = point.text) {
  if (value === null) return "\u2014";
  if (typeof value !== "number") return withUnit(String(value), point);
  const decimalsOf = (text) => (/^-?\d+\.(\d+)$/.exec(text)?.[1] ?? "").length;
  const exact = String(value);
  const decimals = exact.includes("e") ? 0 : Math.max(decimalsOf(exact), decimalsOf(shown));
  return withUnit(decimals === 0 ? exact : value.toFixed(decimals), point);
}
function withUnit(text, point) {
  return point.unit === void 0 ? text : `${text} ${point.unit}`;
}
function outcomeOfError(error) {
  switch (error.fault) {
    case "caller":
    case "config":
    case "limit":
      return { status: "refused", value: null, error };
    case "device":
      return { status: "failed", value: null, error };
    case "peer":
    case "bug":
      return { status: "unknown", value: null, error };
  }
}
function outcomeOfResult(result) {
  const { status, value, error } = result;
  return error === void 0 ? { status, value } : { status, value, error };
}
function outcomeText(outcome, point) {
  const why = outcome.error === void 0 ? "" : ` \xB7 ${outcome.error.code} ${outcome.error.message}`;
  switch (outcome.status) {
    case "verified":
      return `verified ${valueText(outcome.value, point)}`;
    case "written":
      return `written ${valueText(outcome.value, point)}, not read back`;
    case "refused":
      return `refused${why}`;
    case "failed":
      return `failed${why}`;
    case "unknown":
      return `unknown whether it was written${why}`;
  }
}
function outcomeHint(outcome) {
  if (outcome.status === "verified" || outcome.status === "written") return "";
  if (outcome.status === "unknown") return "read the point before you write again";
  return outcome.error?.hint ?? "";
}
function confirmWrite(dialog, point) {
  const { problem: _, ...rest } = dialog;
  switch (dialog.stage) {
    case "edit": {
      const parsed = parseValue(dialog.text, point);
      if ("problem" in parsed) return { dialog: { ...rest, problem: parsed.problem }, send: false };
      const stage = point.write?.critical === true ? "name" : "confirm";
      return { dialog: { ...rest, stage, value: parsed.value, from: point.text, name: "" }, send: false };
    }
    case "confirm":
      return { dialog: { ...rest, stage: "sending" }, send: true };
    case "name":
      if (dialog.name !== dialog.point) {
        return { dialog: { ...rest, problem: `type ${dialog.point} exactly` }, send: false };
      }
      return { dialog: { ...rest, stage: "sending" }, send: true };
    case "sending":
    case "done":
      return { dialog, send: false };
  }
}
function editWrite(dialog, edit) {
  const { problem: _, ...rest } = dialog;
  if (dialog.stage === "edit") return { ...rest, text: edit(dialog.text) };
  if (dialog.stage === "name") return { ...rest, name: edit(dialog.name) };
  return dialog;
}
function leaveWrite(dialog) {
  if (dialog.stage !== "confirm" && dialog.stage !== "name") return void 0;
  const { problem: _, value: __, from: ___, ...rest } = dialog;
  return { ...rest, stage: "edit", name: "" };
}
export {
  confirmWrite,
  editWrite,
  leaveWrite,
  limitsOf,
  openWrite,
  outcomeHint,
  outcomeOfError,
  outcomeOfResult,
  outcomeText,
  parseValue,
  valueText
};
//# sourceMappingURL=write.js.map
