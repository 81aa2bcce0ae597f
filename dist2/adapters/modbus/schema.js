import { z } from "zod";
import { DURATION_PATTERN, parseDuration } from "../../src/adapter.js";
import { ADDRESS_SPACE, isBitTable } from "./pdu.js";
import {
  ORDERS_32,
  ORDERS_64,
  orderFits,
  REGISTER_TYPES,
  registersOf
} from "./registers.js";
const ADDRESS_FORMS = 'expected a table and a zero-based address: "holding:100", "input:0x20", "coil:5" or "discrete:7" (40101 of a manual is "holding:100")';
const ADDRESS_PATTERN = /^(holding|input|coil|discrete):(0x[0-9a-fA-F]{1,4}|\d{1,5})$/;
const tableAddress = z.string({ error: ADDRESS_FORMS }).regex(ADDRESS_PATTERN, ADDRESS_FORMS).transform((text, context) => {
  const [table, number] = text.split(":");
  const start = Number(number);
  if (start >= ADDRESS_SPACE) {
    context.addIssue({ code: "custom", message: `address ${start} is beyond 65535, the last one Modbus can name` });
  }
  return { table, start };
}).describe("table and zero-based protocol address: holding:100, input:0x20, coil:5, discrete:7");
const duration = z.string().regex(DURATION_PATTERN, 'expected a duration such as "500ms" or "2s"').transform((text) => parseDuration(text));
const orders32 = ORDERS_32.join(", ");
const orders64 = ORDERS_64.map((order) => `"${order}"`).join(", ");
const portSchema = z.object({
  framing: z.enum(["tcp", "rtu"]).optional().describe("tcp: MBAP header; rtu: CRC (also over a TCP converter). Default: tcp on tcp ports, rtu on serial ports"),
  lateWindow: duration.optional().describe(
    "RTU: how long a unit that did not answer may still do so before it is asked again. Default: as long as it was waited for"
  )
});
const deviceSchema = z.object({
  unit: z.int().min(0).max(255).default(1).describe("unit id; 1 to 247 on RTU"),
  order: z.enum(ORDERS_32, { error: `expected one of ${orders32}` }).default("ABCD").describe("byte order of values wider than a register, for all points that do not say their own")
});
const addressSchema = z.object({
  address: tableAddress,
  type: z.enum(REGISTER_TYPES).optional().describe("raw type; default: bool for coil and discrete, uint16 for registers"),
  order: z.enum([...ORDERS_32, ...ORDERS_64], {
    error: `expected one of ${orders32}, or for 64 bits ${orders64} (digits in quotes)`
  }).optional().describe("byte order of a value wider than a register: A or 1 is the most significant byte"),
  bit: z.int().min(0).max(15).optional().describe("take one bit of the register as bool; 0 is the least significant")
});
function typeOf(point) {
  if (isBitTable(point.address.table) || point.bit !== void 0) return "bool";
  return point.type ?? "uint16";
}
function lengthOf(point) {
  return isBitTable(point.address.table) ? 1 : registersOf(typeOf(point));
}
function pointIssues(point) {
  const issues = [];
  const { table, start } = point.address;
  const type = typeOf(point);
  const add = (field, message) => issues.push({ path: [field], message });
  if (point.type !== void 0 && point.type !== "bool") {
    if (isBitTable(table)) add("type", `a ${table} holds one bit: its type is bool, not ${point.type}`);
    else if (point.bit !== void 0) add("type", `one bit of a register is a bool, not ${point.type}`);
  }
  if (point.bit !== void 0 && isBitTable(table)) add("bit", `a ${table} has no bits inside; leave bit away`);
  if (point.order !== void 0 && !orderFits(type, point.order)) {
    add(
      "order",
      registersOf(type) === 1 ? `${type} is one register, which has no order; leave order away` : `order ${point.order} names 8 bytes, ${type} has 4: use one of ${orders32}`
    );
  }
  if (start + lengthOf(point) > ADDRESS_SPACE) {
    add("address", `${type} takes ${lengthOf(point)} registers from ${start}, beyond address 65535`);
  }
  return issues;
}
export {
  addressSchema,
  deviceSchema,
  lengthOf,
  pointIssues,
  portSchema,
  typeOf
};
//# sourceMappingURL=schema.js.map
