import { devicesError } from "./errors.js";
function valueText(value) {
  return value === void 0 ? "" : String(value);
}
function jsonValue(value) {
  switch (typeof value) {
    case "undefined":
      return "null";
    case "string":
      return JSON.stringify(value);
    default:
      return String(value);
  }
}
function reportJson(report) {
  const unit = report.unit === void 0 ? "" : `,"u":${JSON.stringify(report.unit)}`;
  const code = report.code === void 0 ? "" : `,"e":${JSON.stringify(report.code)}`;
  return `{"v":${jsonValue(report.value)},"q":"${report.quality}","t":${report.at}${unit}${code}}`;
}
function stateJson(state, since, reason) {
  return JSON.stringify({ state, since, reason });
}
function resultBody({ status, value, at, error: cause }) {
  const { code, message, hint } = cause ?? {};
  const error = cause === void 0 ? "" : `,${JSON.stringify({ code, message, hint }).slice(1, -1)}`;
  return `"status":"${status}","v":${jsonValue(value)},"t":${at}${error}`;
}
function resultJson(result, correlation) {
  return `{${resultBody(result)}${correlationJson(correlation)}}`;
}
function resultsJson(status, at, results, correlation) {
  const points = [...results].map(([point, result]) => `${JSON.stringify(point)}:{${resultBody(result)}}`).join(",");
  return `{"status":"${status}","t":${at},"points":{${points}}${correlationJson(correlation)}}`;
}
function correlationJson(correlation) {
  return correlation === void 0 ? "" : `,"correlation":${JSON.stringify(correlation)}`;
}
const utf8 = new TextDecoder("utf-8", { fatal: true });
function correlationText(data) {
  try {
    const text = utf8.decode(data);
    if (!/[\p{Cc}]/u.test(text)) return text;
  } catch {
  }
  return data.toString("base64");
}
const MAX_COMMAND_BYTES = 64 * 1024;
function parseValue(payload) {
  const text = decode(payload);
  const json = parseJson(text);
  if (json !== void 0) return scalar(json.value);
  if (/^\s*[{["]/.test(text)) throw devicesError("COMMAND_MALFORMED", "the command looks like JSON but is not");
  return text;
}
function parseValues(payload) {
  const json = parseJson(decode(payload));
  const value = json?.value;
  if (typeof value !== "object" || value === null || Array.isArray(value) || Object.keys(value).length === 0) {
    throw devicesError("COMMAND_MALFORMED", "a command to a device is a JSON object with a value for each point");
  }
  return new Map(Object.entries(value).map(([point, entry]) => [point, scalar(entry)]));
}
function decode(payload) {
  if (payload.length === 0) throw devicesError("COMMAND_MALFORMED", "the command is empty");
  if (payload.length > MAX_COMMAND_BYTES) {
    throw devicesError("COMMAND_MALFORMED", `the command has ${payload.length} bytes, more than ${MAX_COMMAND_BYTES}`);
  }
  try {
    return utf8.decode(payload);
  } catch (cause) {
    throw devicesError("COMMAND_MALFORMED", "the command is not UTF-8", { cause });
  }
}
function scalar(value) {
  const inner = typeof value === "object" && value !== null && Object.hasOwn(value, "v") ? value.v : value;
  switch (typeof inner) {
    case "number":
    case "bigint":
    case "boolean":
    case "string":
      return inner;
    default:
      throw devicesError("COMMAND_MALFORMED", 'the command has no value: neither bare nor as "v"');
  }
}
function parseJson(text) {
  const revive = (_key, value, { source }) => typeof value === "number" && !Number.isSafeInteger(value) && source !== void 0 && /^-?\d+$/.test(source) ? BigInt(source) : value;
  try {
    return { value: JSON.parse(text, revive) };
  } catch {
    return void 0;
  }
}
export {
  MAX_COMMAND_BYTES,
  correlationText,
  jsonValue,
  parseValue,
  parseValues,
  reportJson,
  resultJson,
  resultsJson,
  stateJson,
  valueText
};
//# sourceMappingURL=payload.js.map
