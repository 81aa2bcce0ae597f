/** Puts a control packet together, behind its Fixed Header; what is written here is small and rare. PUBLISH: publish.ts. */
import { type Properties, type PropertyRule, propertyRules } from './properties.js';
import { writeString } from './publish-properties.js';
import { variableLength, writeVariable } from './variable-byte-integer.js';

const rules = new Map<string, PropertyRule>(propertyRules.map((rule) => [rule.name, rule]));

export class PacketBody {
  readonly #parts: Buffer[] = [];

  byte(value: number): this {
    return this.bytes(Buffer.of(value));
  }

  bytes(bytes: Buffer): this {
    this.#parts.push(bytes);
    return this;
  }

  uint16(value: number): this {
    return this.byte(value >> 8).byte(value & 0xff);
  }

  uint32(value: number): this {
    const bytes = Buffer.allocUnsafe(4);
    bytes.writeUInt32BE(value);
    return this.bytes(bytes);
  }

  variableByteInteger(value: number): this {
    const bytes = Buffer.allocUnsafe(variableLength(value));
    writeVariable(bytes, value, 0);
    return this.bytes(bytes);
  }

  string(text: string): this {
    const bytes = Buffer.allocUnsafe(2 + Buffer.byteLength(text));
    writeString(bytes, 0, text);
    return this.bytes(bytes);
  }

  binary(bytes: Buffer): this {
    return this.uint16(bytes.length).bytes(bytes);
  }

  /** Property Length and the properties, in the order given. */
  properties(properties: Readonly<Properties>): this {
    const body = new PacketBody();
    for (const [name, value] of Object.entries(properties)) if (value !== undefined) body.#property(name, value);
    const bytes = Buffer.concat(body.#parts);
    return this.variableByteInteger(bytes.length).bytes(bytes);
  }

  packet(first: number): Buffer {
    const body = Buffer.concat(this.#parts);
    return Buffer.concat([...new PacketBody().byte(first).variableByteInteger(body.length).#parts, body]);
  }

  /** The table ties each name to its kind, and the kind to the type of the value. */
  #property(name: string, value: unknown): void {
    const { identifier, kind } = rules.get(name)!;
    if (kind === 'pairs') {
      for (const [key, text] of value as NonNullable<Properties['userProperties']>) {
        this.byte(identifier).string(key).string(text);
      }
      return;
    }
    this.byte(identifier);
    switch (kind) {
      case 'flag':
        return void this.byte(value === true ? 1 : 0);
      case 'uint16':
        return void this.uint16(value as number);
      case 'uint32':
        return void this.uint32(value as number);
      case 'variable':
        return void this.variableByteInteger(value as number);
      case 'string':
        return void this.string(value as string);
      case 'binary':
        return void this.binary(value as Buffer);
    }
  }
}
