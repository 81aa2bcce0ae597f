async function shrink(difference, tryOut) {
  const { signature } = difference;
  let best = await tryOut({ ...difference.scenario, steps: difference.scenario.steps.slice(0, difference.step + 1) });
  if (best?.signature !== signature) return void 0;
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false;
    const steps = best.scenario.steps;
    for (let size = Math.max(1, steps.length >> 1); size >= 1 && !isSmaller; size >>= 1) {
      for (let at = steps.length - size; at >= 0 && !isSmaller; at -= size) {
        const fewer = [...steps.slice(0, at), ...steps.slice(at + size)];
        if (fewer.length === 0) continue;
        const found = await tryOut({ ...best.scenario, steps: fewer });
        if (found?.signature !== signature) continue;
        best = found;
        isSmaller = true;
      }
    }
  }
  return best;
}
function tell(difference) {
  const { scenario, story, detail } = difference;
  const lines = scenario.steps.map((step, index) => {
    const bytes = "bytes" in step ? ` ${step.bytes.toString("hex").slice(0, 400)}` : "";
    return `    client ${step.slot}${scenario.isAutomatic[step.slot] ? "" : " (by hand)"}: ${step.does} ${story[index] ?? ""}${bytes}`;
  });
  return [
    `  sequence ${scenario.index}: ${difference.signature}`,
    ...lines,
    `    ours:   ${detail.ours.join(" | ") || "nothing"}`,
    `    theirs: ${detail.theirs.join(" | ") || "nothing"}`
  ].join("\n");
}
export {
  shrink,
  tell
};
//# sourceMappingURL=shrink.js.map
