const HEAD = ["broker", "CPU s/M", "min\u2013max", "ratio", "msg/s", "p50 ms", "p99 ms", "RSS MiB", "gen CPU", "lost"];
function number(value) {
  if (!Number.isFinite(value)) return "\u2014";
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
function table(rows, reference) {
  const lines = [];
  for (const id of new Set(rows.map(({ scenario }) => scenario))) {
    const group = rows.filter(({ scenario }) => scenario === id);
    const base = group.find(({ broker }) => broker === reference)?.result?.cpuSecondsPerMillion;
    lines.push(`${id}  ${group[0].title}`);
    const cells = group.map(
      ({ broker, result, cpuRange, problem }) => result === void 0 ? [broker, problem ?? "no result"] : [
        broker,
        number(result.cpuSecondsPerMillion),
        (cpuRange ?? []).map(number).join("\u2013"),
        base === void 0 ? "\u2014" : (result.cpuSecondsPerMillion / base).toFixed(3),
        result.publishedPerSecond.toFixed(0),
        number(result.p50Ms),
        number(result.p99Ms),
        number(result.residentBytes / 1048576),
        `${Math.round(result.generatorCpu * 100)} %`,
        String(result.lost)
      ]
    );
    const full = [HEAD, ...cells.filter((row) => row.length === HEAD.length)];
    const widths = HEAD.map((_, column) => Math.max(...full.map((row) => row[column].length), column === 0 ? 10 : 0));
    for (const row of [HEAD, ...cells]) {
      const padded = row.map(
        (cell, column) => column === 0 || row.length < HEAD.length ? cell.padEnd(widths[column]) : cell.padStart(widths[column])
      );
      lines.push(`   ${padded.join("  ").trimEnd()}`);
    }
    lines.push("");
  }
  return lines.join("\n");
}
export {
  table
};
//# sourceMappingURL=report.js.map
