import { devicesError } from "./errors.js";
const MAX_DECIMALS = 15;
const EXPONENT_FROM = 1e21;
function toEngineering(raw, scaling) {
  const { scale, offset, decimals } = scaling;
  if (typeof raw === "boolean" || typeof raw === "string") return raw;
  if (Buffer.isBuffer(raw)) return raw.toString("hex");
  if (typeof raw === "bigint") return scaleBigInt(raw, scaling);
  if (!Number.isFinite(raw)) return void 0;
  if (scale === 1 && offset === 0) return decimals === void 0 ? unsigned(raw) : round(raw, decimals);
  const value = raw * scale + offset;
  if (!Number.isFinite(value)) return void 0;
  if (decimals !== void 0) return round(value, decimals);
  const implied = Math.max(decimalsOf(scale), decimalsOf(offset));
  return Number.isInteger(raw) && implied <= MAX_DECIMALS ? round(value, implied) : withoutNoise(value);
}
function scaleBigInt(raw, { scale, offset, decimals }) {
  if (Number.isSafeInteger(scale) && Number.isSafeInteger(offset)) return raw * BigInt(scale) + BigInt(offset);
  const digits = Math.max(decimalsOf(scale), decimalsOf(offset));
  if (digits > 2 * MAX_DECIMALS || Math.max(Math.abs(scale), Math.abs(offset)) >= EXPONENT_FROM) {
    const value2 = Number(raw) * scale + offset;
    if (!Number.isFinite(value2)) return void 0;
    return decimals === void 0 ? withoutNoise(value2) : round(value2, decimals);
  }
  const unit = 10n ** BigInt(digits);
  const scaled = raw * BigInt(scale.toFixed(digits).replace(".", "")) + BigInt(offset.toFixed(digits).replace(".", ""));
  const magnitude = scaled < 0n ? -scaled : scaled;
  const fraction = String(magnitude % unit).padStart(digits, "0");
  const value = Number(`${scaled < 0n ? "-" : ""}${magnitude / unit}.${fraction}`);
  return decimals === void 0 ? value : round(value, decimals);
}
function displayText(value, { scale, offset, decimals }) {
  if (value === void 0) return "\u2014";
  if (typeof value !== "number" || Math.abs(value) >= EXPONENT_FROM) return String(value);
  const steady = decimals ?? Math.max(decimalsOf(scale), decimalsOf(offset));
  return decimalsOf(value) <= steady && steady <= MAX_DECIMALS ? value.toFixed(steady) : String(value);
}
function decimalsOf(value) {
  const [mantissa = "", exponent = "0"] = String(value).split("e");
  const digits = mantissa.split(".")[1]?.length ?? 0;
  return Math.max(0, digits - Number(exponent));
}
function round(value, decimals) {
  return unsigned(Math.abs(value) >= EXPONENT_FROM ? value : Number(value.toFixed(Math.min(100, decimals))));
}
function withoutNoise(value) {
  return unsigned(Number(value.toPrecision(MAX_DECIMALS)));
}
function unsigned(value) {
  return value === 0 ? 0 : value;
}
function rawKind(raw) {
  return Buffer.isBuffer(raw) ? "bytes" : typeof raw;
}
function toRaw(wanted, point, known) {
  const write = point.write;
  const numeric = known === "number" || known === "bigint" || known === void 0 && typeof wanted !== "boolean" || write?.min !== void 0 || write?.max !== void 0 || point.scale !== 1;
  if (known === "boolean") return toBoolean(wanted, point);
  if (known === "string") return toText(wanted, point);
  if (known === "bytes") return toBytes(wanted, point);
  if (typeof wanted === "string") {
    const parsed = parseNumber(wanted);
    if (parsed === void 0 && known === void 0 && point.scale === 1 && write?.min === void 0) return wanted;
    if (parsed === void 0) throw wrongType(point, "a number", wanted);
    return unscale(checked(parsed, point, write), point);
  }
  if (typeof wanted === "boolean") {
    if (numeric) throw wrongType(point, "a number", wanted);
    return wanted;
  }
  return unscale(checked(wanted, point, write), point);
}
function toBoolean(wanted, point) {
  if (typeof wanted === "boolean") return wanted;
  const word = String(wanted).trim().toLowerCase();
  if (word === "1" || word === "true" || word === "on") return true;
  if (word === "0" || word === "false" || word === "off") return false;
  throw wrongType(point, "true or false", wanted);
}
function toText(wanted, point) {
  if (typeof wanted === "boolean") throw wrongType(point, "text", wanted);
  return String(wanted);
}
function toBytes(wanted, point) {
  if (typeof wanted !== "string" || !/^([0-9a-f]{2})*$/i.test(wanted)) throw wrongType(point, "hex digits", wanted);
  return Buffer.from(wanted, "hex");
}
function parseNumber(text) {
  const trimmed = text.trim();
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) return void 0;
  const value = Number(trimmed);
  if (!Number.isFinite(value)) return void 0;
  return Number.isInteger(value) && !Number.isSafeInteger(value) && /^[+-]?\d+$/.test(trimmed) ? BigInt(trimmed.replace("+", "")) : value;
}
function checked(value, point, write) {
  if (typeof value === "number" && !Number.isFinite(value)) throw wrongType(point, "a finite number", value);
  const { min, max, step } = write ?? {};
  const details = { point: point.id, min, max, step };
  if (min !== void 0 && value < min) {
    throw devicesError("POINT_OUT_OF_RANGE", `${value} is below the minimum ${min} of ${point.id}`, { details });
  }
  if (max !== void 0 && value > max) {
    throw devicesError("POINT_OUT_OF_RANGE", `${value} is above the maximum ${max} of ${point.id}`, { details });
  }
  if (step !== void 0) {
    const steps = (Number(value) - (min ?? 0)) / step;
    if (Math.abs(steps - Math.round(steps)) > 1e-9 * Math.max(1, Math.abs(steps))) {
      const from = min === void 0 ? "" : ` from ${min}`;
      throw devicesError("POINT_OFF_STEP", `${value} is not on the steps of ${step}${from} of ${point.id}`, {
        details
      });
    }
  }
  return value;
}
function unscale(value, { scale, offset }) {
  if (scale === 1 && offset === 0) {
    return typeof value === "bigint" && Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }
  if (typeof value === "bigint" && Number.isSafeInteger(scale) && Number.isSafeInteger(offset)) {
    const shifted = value - BigInt(offset);
    if (shifted % BigInt(scale) === 0n) return shifted / BigInt(scale);
  }
  const raw = (Number(value) - offset) / scale;
  const whole = Math.round(raw);
  if (Number.isSafeInteger(whole) && toEngineering(whole, { scale, offset, decimals: void 0 }) === Number(value)) {
    return unsigned(whole);
  }
  return withoutNoise(raw);
}
function wrongType(point, expected, value) {
  return devicesError("POINT_WRONG_TYPE", `${point.id} takes ${expected}, not ${describe(value)}`, {
    details: { point: point.id, expected }
  });
}
function describe(value) {
  return typeof value === "string" ? `text of ${value.length} characters` : String(value);
}
function sameRaw(written, read) {
  if (Buffer.isBuffer(written) || Buffer.isBuffer(read)) {
    return Buffer.isBuffer(written) && Buffer.isBuffer(read) && written.equals(read);
  }
  if (typeof written === "string" || typeof read === "string") {
    return trimmedText(written) === trimmedText(read);
  }
  if (typeof written === "number" && typeof read === "number") {
    if (written === read) return true;
    if (Number.isInteger(written) && Number.isInteger(read)) return false;
    return Math.fround(written) === Math.fround(read);
  }
  return written == read;
}
function trimmedText(value) {
  let end = String(value).length;
  const text = String(value);
  while (end > 0 && (text[end - 1] === "\0" || text[end - 1] === " ")) end--;
  return text.slice(0, end);
}
export {
  decimalsOf,
  displayText,
  parseNumber,
  rawKind,
  sameRaw,
  toEngineering,
  toRaw
};
//# sourceMappingURL=point.js.map
