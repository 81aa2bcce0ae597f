import { gatewayNow, selectedItem, tables } from "./select.js";
import { span, wrapSpans } from "./spans.js";
const LABEL = 11;
function detailLines(model, width, ascii) {
  const item = selectedItem(model);
  const room = Math.max(1, width - LABEL - 2);
  const rows = item === void 0 ? [] : tables[model.route.screen].detail?.(item, { now: gatewayNow(model), width: room }) ?? [];
  return rows.flatMap(
    ({ label, spans }) => wrapSpans(spans, room, ascii).map((value, i) => [
      span(` ${(i === 0 ? label : "").slice(0, LABEL - 1).padEnd(LABEL)}`, "muted"),
      ...value
    ])
  );
}
export {
  detailLines
};
//# sourceMappingURL=detail.js.map
