const COLUMN_GAP = 2;
function placeColumns(columns, width) {
  const kept = [...columns];
  const need = () => kept.reduce((sum, column) => sum + column.min, 0) + COLUMN_GAP * (kept.length - 1);
  while (need() > width) {
    let worst = -1;
    for (let i = 0; i < kept.length; i++) {
      const priority = kept[i].priority;
      if (priority > 0 && (worst < 0 || priority >= kept[worst].priority)) worst = i;
    }
    if (worst < 0) break;
    kept.splice(worst, 1);
  }
  const widths = kept.map((column) => column.min);
  let spare = width - need();
  for (let i = 0; i < kept.length && spare > 0; i++) {
    const more = Math.min(spare, Math.max(0, (kept[i].max ?? 0) - widths[i]));
    widths[i] = widths[i] + more;
    spare -= more;
  }
  return kept.map((column, i) => ({ column, width: widths[i] }));
}
export {
  COLUMN_GAP,
  placeColumns
};
//# sourceMappingURL=columns.js.map
