import { devicesError } from "./errors.js";
import { toEngineering } from "./point.js";
import { ReportRule } from "./report-rule.js";
class DevicePoint {
  id;
  config;
  /** As the adapter gets it. */
  point;
  span;
  shadow;
  rule;
  constructor(device, config, adapter, shadow, topic) {
    const reason = config.write === void 0 ? "the configuration does not allow writing" : adapter.readOnly?.(config.address);
    this.id = config.id;
    this.config = config;
    this.point = { id: config.id, address: config.address, writable: reason === void 0 };
    this.span = adapter.span?.(config.address);
    this.shadow = shadow.add(device, config, topic, reason);
    this.rule = new ReportRule(config.report, config.every);
  }
  /** What the reading means in engineering terms. */
  sampleOf(reading) {
    const { at, quality, value: raw } = reading;
    if (quality === "bad" || raw === void 0) {
      const error = reading.error ?? devicesError("ADAPTER_READING", `the reading of ${this.id} is bad without a reason`);
      return { value: void 0, quality: "bad", at, error };
    }
    const value = toEngineering(raw, this.config);
    if (value === void 0) {
      const error = devicesError("POINT_NOT_A_NUMBER", `${this.id} is ${raw}, not a number`);
      return { value: void 0, quality: "bad", at, error };
    }
    return { value, quality, at, error: void 0 };
  }
}
async function readAll(device, points, signal) {
  if (device.read === void 0) throw devicesError("POINT_NOT_READABLE", "the adapter of this device cannot read");
  const readings = await device.read(
    points.map((point) => point.point),
    signal
  );
  const byPoint = new Map(readings.map((reading) => [reading.point, reading]));
  return points.map((point) => {
    const reading = byPoint.get(point.id);
    if (reading === void 0) throw devicesError("ADAPTER_READING", `the adapter gave no reading of ${point.id}`);
    return reading;
  });
}
export {
  DevicePoint,
  readAll
};
//# sourceMappingURL=device-point.js.map
