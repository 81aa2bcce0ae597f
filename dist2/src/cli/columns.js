import { formatDuration } from "../core/duration.js";
import { timeText, visible } from "./text.js";
const UNKNOWN = "\u2014";
const ageText = (at, now) => at === null ? UNKNOWN : formatDuration(now - at);
const msText = (ms) => ms === null ? UNKNOWN : String(Math.round(ms));
const DEVICE_TONES = {
  online: "ok",
  degraded: "warn",
  offline: "bad",
  paused: "muted"
};
const QUALITY_TONES = { good: "ok", stale: "warn", bad: "bad" };
function deviceColumns(now) {
  return [
    { title: "DEVICE", value: (device) => device.name },
    { title: "ADAPTER", value: (device) => device.adapter },
    { title: "STATE", value: (device) => device.state, tone: (device) => DEVICE_TONES[device.state] },
    { title: "SINCE", value: (device) => ageText(device.since, now), align: "right" },
    { title: "POINTS", value: (device) => String(device.points), align: "right" },
    { title: "BAD", value: (device) => String(device.badPoints), align: "right" },
    { title: "P50 MS", value: (device) => msText(device.exchangeMs.p50), align: "right" },
    { title: "P95 MS", value: (device) => msText(device.exchangeMs.p95), align: "right" },
    { title: "ERR/MIN", value: (device) => String(device.errorsPerMinute), align: "right" },
    { title: "ENDPOINT", value: (device) => `${device.endpoint} ${device.address}` }
  ];
}
function pointColumns(now) {
  return [
    { title: "POINT", value: (point) => `${point.device}.${point.point}` },
    { title: "VALUE", value: (point) => point.text, align: "right" },
    { title: "UNIT", value: (point) => point.unit ?? "" },
    { title: "QUALITY", value: (point) => point.quality, tone: (point) => QUALITY_TONES[point.quality] },
    { title: "AGE", value: (point) => ageText(point.at, now), align: "right" },
    { title: "WRITE", value: (point) => point.writable ? "yes" : "no" },
    { title: "TOPIC", value: (point) => point.topic }
  ];
}
function valueText(point) {
  return visible(point.unit === void 0 ? point.text : `${point.text} ${point.unit}`);
}
function changeLine(point) {
  const problem = point.error === void 0 ? "" : `  ${point.error.code} ${point.error.message}`;
  const time = point.at === null ? " ".repeat(12) : timeText(point.at);
  return `${time}  ${point.device}.${point.point}  ${valueText(point)}  ${point.quality}${visible(problem)}`;
}
export {
  ageText,
  changeLine,
  deviceColumns,
  pointColumns,
  valueText
};
//# sourceMappingURL=columns.js.map
