/** Reads the data types of MQTT 5.0 §1.5 for the tests, apart from the broker's own reader; the first fault sticks. */
import { isUtf8 } from 'node:buffer';
import { type Place, propertyRules } from './mqtt-tables.js';
import type { Value } from './mqtt-writer.js';

const DISCOURAGED =
  /[\u0001-\u001f\u007f-\u009f\ufdd0-\ufdef]|[\ufffe\uffff]|[\ud83f\ud87f\ud8bf\ud8ff\ud93f\ud97f\ud9bf\ud9ff\uda3f\uda7f\udabf\udaff\udb3f\udb7f\udbbf\udbff][\udffe\udfff]/;
const NOTHING = Buffer.alloc(0);

export type PropertyBag = Map<string, Value | Value[]>;

const NO_PROPERTIES: PropertyBag = new Map();

export class FieldReader {
  readonly #bytes: Buffer;
  #at: number;
  #end: number;
  fault: string | undefined;
  /** A string had control characters or non-characters (§1.5.4: SHOULD NOT). */
  isDiscouraged = false;

  constructor(bytes: Buffer, start: number, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get left(): number {
    return this.#end - this.#at;
  }

  fail(fault: string): undefined {
    this.fault ??= fault;
    this.#at = this.#end;
  }

  byte(): number {
    if (this.left < 1) {
      this.fail('short');
      return 0;
    }
    return this.#bytes[this.#at++]!;
  }

  uint16(): number {
    if (this.left < 2) {
      this.fail('short');
      return 0;
    }
    this.#at += 2;
    return this.#bytes.readUInt16BE(this.#at - 2);
  }

  uint32(): number {
    if (this.left < 4) {
      this.fail('short');
      return 0;
    }
    this.#at += 4;
    return this.#bytes.readUInt32BE(this.#at - 4);
  }

  variable(): number {
    let value = 0;
    for (let i = 0; i < 4; i++) {
      const byte = this.byte();
      value += (byte & 0x7f) * 128 ** i;
      if (byte < 0x80) {
        if (i > 0 && byte === 0 && this.fault === undefined) this.fail('variable-byte-integer-not-shortest');
        return value;
      }
    }
    this.fail('variable-byte-integer-too-long');
    return 0;
  }

  binary(): Buffer {
    const length = this.uint16();
    if (this.left < length) {
      this.fail('short');
      return NOTHING;
    }
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  string(): string {
    const bytes = this.binary();
    if (!isUtf8(bytes)) this.fail('utf8');
    else if (bytes.includes(0)) this.fail('utf8-nul');
    const text = bytes.toString('utf8');
    this.isDiscouraged ||= DISCOURAGED.test(text);
    return text;
  }

  rest(): Buffer {
    const bytes = this.#bytes.subarray(this.#at, this.#end);
    this.#at = this.#end;
    return bytes;
  }

  end(): void {
    if (this.left > 0) this.fail('trailing');
  }

  /** @param from - whose packet it is */
  properties(place: Place, from: 'client' | 'server'): PropertyBag {
    const length = this.variable();
    if (length === 0) return NO_PROPERTIES;
    if (length > this.left) {
      this.fail('property-length');
      return NO_PROPERTIES;
    }
    const bag: PropertyBag = new Map();
    const inner = new FieldReader(this.#bytes, this.#at, this.#at + length);
    while (inner.left > 0) inner.#property(place, from, bag);
    this.#at += length;
    this.isDiscouraged ||= inner.isDiscouraged;
    if (inner.fault !== undefined) this.fail(inner.fault === 'short' ? 'property-length' : inner.fault);
    return bag;
  }

  #property(place: Place, from: 'client' | 'server', bag: PropertyBag): undefined {
    const rule = propertyRules[this.byte()];
    if (rule === undefined) return this.fail('property-unknown');
    if (!rule[from].includes(place)) return this.fail(`property-misplaced-${rule.name}`);
    const value = this.#value(rule.kind);
    if (this.fault !== undefined) return;
    const isMany = rule.kind === 'pair' || (rule.name === 'subscriptionIdentifier' && from === 'server');
    if (isMany) {
      const values = (bag.get(rule.name) ?? []) as Value[];
      values.push(value);
      bag.set(rule.name, values);
      return;
    }
    if (bag.has(rule.name)) return this.fail(`property-twice-${rule.name}`);
    if (rule.isPositive && value === 0) return this.fail(`property-zero-${rule.name}`);
    if (rule.isFlag && (value as number) > 1) return this.fail(`property-not-a-flag-${rule.name}`);
    bag.set(rule.name, value);
  }

  #value(kind: string): Value {
    switch (kind) {
      case 'byte':
        return this.byte();
      case 'uint16':
        return this.uint16();
      case 'uint32':
        return this.uint32();
      case 'variable':
        return this.variable();
      case 'string':
        return this.string();
      case 'binary':
        return this.binary();
      default:
        return [this.string(), this.string()];
    }
  }
}
