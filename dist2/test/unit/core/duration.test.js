import t from "tap";
import { formatDuration, parseDuration, parseSize } from "../../../src/core/duration.js";
t.test("durations and sizes carry their unit", async (t2) => {
  t2.equal(parseDuration("500ms"), 500);
  t2.equal(parseDuration("1.5s"), 1500);
  t2.equal(parseDuration("2m"), 12e4);
  t2.equal(parseDuration("30d"), 2592e6);
  for (const bad of ["", "5", "5 s", "s", "-1s", "1e3s", "5sec", "1h30m"]) t2.equal(parseDuration(bad), void 0, bad);
  t2.equal(parseSize("64KB"), 64e3);
  t2.equal(parseSize("64KiB"), 65536);
  t2.equal(parseSize("2GB"), 2e9);
  for (const bad of ["", "5", "5 MB", "5mb", "GB"]) t2.equal(parseSize(bad), void 0, bad);
});
t.test("ages are shown in at most two units", async (t2) => {
  const shown = [
    [-5, "0.0s"],
    [400, "0.4s"],
    [12345, "12s"],
    [185e3, "3m 05s"],
    [15e6, "4h 10m"],
    [2736e5, "3d 4h"]
  ];
  for (const [ms, text] of shown) t2.equal(formatDuration(ms), text);
});
//# sourceMappingURL=duration.test.js.map
