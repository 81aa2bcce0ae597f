import { ADDRESS_SPACE } from "./pdu.js";
class MemoryImage {
  /** The owner reads and writes here; masters see it at once. */
  tables;
  /** @param sizes - addresses per table, 0 to 65536 */
  constructor(sizes) {
    const table = (name) => new Uint16Array(Math.min(ADDRESS_SPACE, sizes[name] ?? 0));
    this.tables = {
      coil: table("coil"),
      discrete: table("discrete"),
      holding: table("holding"),
      input: table("input")
    };
  }
  read(table, start, quantity) {
    const cells = this.tables[table];
    return start + quantity > cells.length ? 2 : cells.subarray(start, start + quantity);
  }
  write(table, start, values) {
    const cells = this.tables[table];
    if (start + values.length > cells.length) return 2;
    cells.set(values, start);
    return void 0;
  }
}
export {
  MemoryImage
};
//# sourceMappingURL=image.js.map
