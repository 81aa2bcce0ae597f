import { isUtf8 } from "node:buffer";
import { propertyRules } from "./mqtt-tables.js";
const DISCOURAGED = /[\u0001-\u001f\u007f-\u009f\ufdd0-\ufdef]|[\ufffe\uffff]|[\ud83f\ud87f\ud8bf\ud8ff\ud93f\ud97f\ud9bf\ud9ff\uda3f\uda7f\udabf\udaff\udb3f\udb7f\udbbf\udbff][\udffe\udfff]/;
const NOTHING = Buffer.alloc(0);
const NO_PROPERTIES = /* @__PURE__ */ new Map();
class FieldReader {
  #bytes;
  #at;
  #end;
  fault;
  /** A string had control characters or non-characters (§1.5.4: SHOULD NOT). */
  isDiscouraged = false;
  constructor(bytes, start, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }
  get left() {
    return this.#end - this.#at;
  }
  fail(fault) {
    this.fault ??= fault;
    this.#at = this.#end;
  }
  byte() {
    if (this.left < 1) {
      this.fail("short");
      return 0;
    }
    return this.#bytes[this.#at++];
  }
  uint16() {
    if (this.left < 2) {
      this.fail("short");
      return 0;
    }
    this.#at += 2;
    return this.#bytes.readUInt16BE(this.#at - 2);
  }
  uint32() {
    if (this.left < 4) {
      this.fail("short");
      return 0;
    }
    this.#at += 4;
    return this.#bytes.readUInt32BE(this.#at - 4);
  }
  variable() {
    let value = 0;
    for (let i = 0; i < 4; i++) {
      const byte = this.byte();
      value += (byte & 127) * 128 ** i;
      if (byte < 128) {
        if (i > 0 && byte === 0 && this.fault === void 0) this.fail("variable-byte-integer-not-shortest");
        return value;
      }
    }
    this.fail("variable-byte-integer-too-long");
    return 0;
  }
  binary() {
    const length = this.uint16();
    if (this.left < length) {
      this.fail("short");
      return NOTHING;
    }
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
  string() {
    const bytes = this.binary();
    if (!isUtf8(bytes)) this.fail("utf8");
    else if (bytes.includes(0)) this.fail("utf8-nul");
    const text = bytes.toString("utf8");
    this.isDiscouraged ||= DISCOURAGED.test(text);
    return text;
  }
  rest() {
    const bytes = this.#bytes.subarray(this.#at, this.#end);
    this.#at = this.#end;
    return bytes;
  }
  end() {
    if (this.left > 0) this.fail("trailing");
  }
  /** @param from - whose packet it is */
  properties(place, from) {
    const length = this.variable();
    if (length === 0) return NO_PROPERTIES;
    if (length > this.left) {
      this.fail("property-length");
      return NO_PROPERTIES;
    }
    const bag = /* @__PURE__ */ new Map();
    const inner = new FieldReader(this.#bytes, this.#at, this.#at + length);
    while (inner.left > 0) inner.#property(place, from, bag);
    this.#at += length;
    this.isDiscouraged ||= inner.isDiscouraged;
    if (inner.fault !== void 0) this.fail(inner.fault === "short" ? "property-length" : inner.fault);
    return bag;
  }
  #property(place, from, bag) {
    const rule = propertyRules[this.byte()];
    if (rule === void 0) return this.fail("property-unknown");
    if (!rule[from].includes(place)) return this.fail(`property-misplaced-${rule.name}`);
    const value = this.#value(rule.kind);
    if (this.fault !== void 0) return;
    const isMany = rule.kind === "pair" || rule.name === "subscriptionIdentifier" && from === "server";
    if (isMany) {
      const values = bag.get(rule.name) ?? [];
      values.push(value);
      bag.set(rule.name, values);
      return;
    }
    if (bag.has(rule.name)) return this.fail(`property-twice-${rule.name}`);
    if (rule.isPositive && value === 0) return this.fail(`property-zero-${rule.name}`);
    if (rule.isFlag && value > 1) return this.fail(`property-not-a-flag-${rule.name}`);
    bag.set(rule.name, value);
  }
  #value(kind) {
    switch (kind) {
      case "byte":
        return this.byte();
      case "uint16":
        return this.uint16();
      case "uint32":
        return this.uint32();
      case "variable":
        return this.variable();
      case "string":
        return this.string();
      case "binary":
        return this.binary();
      default:
        return [this.string(), this.string()];
    }
  }
}
export {
  FieldReader
};
//# sourceMappingURL=field-reader.js.map
