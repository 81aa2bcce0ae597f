/**
 * Functions for HPMQ in AssemblyScript: ABI hpmq-fn/1.
 *
 *   asc function.ts -O3 --runtime incremental -o function.wasm
 *
 *   import { Messages, MessageInput } from './hpmq';
 *   export { hpmq_abi, hpmq_alloc, hpmq_free } from './hpmq';
 *   export function on_message(pointer: usize, length: u32): u64 {
 *     const input = MessageInput.read(pointer, length);
 *     const out = new Messages();
 *     out.add(input.message);
 *     return out.answer();
 *   }
 */

@external('hpmq', 'log') declare function host_log(level: i32, text: usize, length: u32): void;
@external('hpmq', 'now') declare function host_now(): i64;
@external('hpmq', 'random') declare function host_random(into: usize, length: u32): void;
@external('hpmq', 'config') declare function host_config(key: usize, length: u32): u64;
@external('hpmq', 'kv_get') declare function host_kv_get(key: usize, length: u32): u64;
@external('hpmq', 'kv_set') declare function host_kv_set(key: usize, keyLength: u32, value: usize, length: u32): i32;
@external('hpmq', 'kv_delete') declare function host_kv_delete(key: usize, length: u32): i32;
@external('hpmq', 'publish') declare function host_publish(record: usize, length: u32): i32;
@external('hpmq', 'point_read') declare function host_point_read(name: usize, length: u32): u64;
@external('hpmq', 'point_command') declare function host_point_command(name: usize, nameLength: u32, value: usize, length: u32): i32;
@external('hpmq', 'http') declare function host_http(request: usize, length: u32): u64;

export function hpmq_abi(): i32 {
  return 1;
}

export function hpmq_alloc(length: u32): usize {
  return heap.alloc(length);
}

export function hpmq_free(pointer: usize, length: u32): void {
  heap.free(pointer);
}

/** What a hook gives for an input that it refuses: it counts as an error of that call. */
export const REFUSED: u64 = u64.MAX_VALUE;
/** What a hook gives when there is nothing to say: a message is dropped. */
export const NOTHING: u64 = 0;

/** Reads frames; one that ends too early is a trap, the gateway sends none. */
class Reader {
  constructor(private at: usize, private end: usize) {}

  private step(length: usize): usize {
    assert(length <= this.end - this.at, 'a frame ends in the middle');
    const start = this.at;
    this.at += length;
    return start;
  }

  u8(): u8 {
    return load<u8>(this.step(1));
  }
  u16(): u16 {
    return load<u16>(this.step(2));
  }
  u32(): u32 {
    return load<u32>(this.step(4));
  }
  i64(): i64 {
    return load<i64>(this.step(8));
  }
  f64(): f64 {
    return load<f64>(this.step(8));
  }
  bytes(length: u32): Uint8Array {
    return copied(this.step(length), length);
  }
  text(length: u32): string {
    return String.UTF8.decodeUnsafe(this.step(length), length);
  }
  str(): string {
    return this.text(this.u16());
  }
}

function copied(pointer: usize, length: u32): Uint8Array {
  const bytes = new Uint8Array(length);
  memory.copy(bytes.dataStart, pointer, length);
  return bytes;
}

/** Writes what a hook gives. */
class Writer {
  protected count: u32 = 0;
  private start: usize = heap.alloc(256);
  private room: usize = 256;
  private length: usize = 0;

  protected need(length: usize): usize {
    const end = this.length + length;
    if (end > this.room) {
      this.room = end * 2;
      this.start = heap.realloc(this.start, this.room);
    }
    const at = this.start + this.length;
    this.length = end;
    return at;
  }

  protected u8(value: u8): void {
    store<u8>(this.need(1), value);
  }
  protected u16(value: u16): void {
    store<u16>(this.need(2), value);
  }
  protected u32(value: u32): void {
    store<u32>(this.need(4), value);
  }
  protected raw(pointer: usize, length: u32): void {
    memory.copy(this.need(length), pointer, length);
  }
  protected bytes(value: Uint8Array): void {
    this.u32(value.length);
    this.raw(value.dataStart, value.length);
  }
  protected str(value: string): void {
    const length = String.UTF8.byteLength(value);
    assert(length <= 0xffff, 'a text is longer than 65535 bytes');
    this.u16(<u16>length);
    String.UTF8.encodeUnsafe(changetype<usize>(value), value.length, this.need(length));
  }

  protected message(one: Message): void {
    this.u8((one.qos & 3) | (one.retain ? 4 : 0));
    this.str(one.topic);
    this.bytes(one.payload);
    this.u16(<u16>one.properties.length);
    for (let i = 0; i < one.properties.length; i++) {
      const property = one.properties[i];
      this.u8(property.id);
      this.str(property.name);
      this.bytes(property.value);
    }
  }

  protected value(one: Value): void {
    this.u8(one.type);
    if (one.type == Value.BAD) this.str(one.text);
    else if (one.type == Value.F64) store<f64>(this.need(8), one.number);
    else if (one.type == Value.I64) store<i64>(this.need(8), one.integer);
    else if (one.type == Value.BOOL) this.u8(one.integer != 0 ? 1 : 0);
    else if (one.type == Value.TEXT) this.bytes(encode(one.text));
    else this.bytes(one.bytes);
  }

  protected pack(): u64 {
    return ((<u64>this.start) << 32) | <u64>this.length;
  }
  protected packList(): u64 {
    if (this.count == 0) {
      heap.free(this.start);
      return NOTHING;
    }
    assert(this.count <= 0xffff, 'more than 65535 of them');
    store<u16>(this.start, <u16>this.count);
    return this.pack();
  }
}

export function encode(text: string): Uint8Array {
  return Uint8Array.wrap(String.UTF8.encode(text));
}

export function decode(bytes: Uint8Array): string {
  return String.UTF8.decodeUnsafe(bytes.dataStart, bytes.length);
}

export function isSame(a: Uint8Array, b: Uint8Array): bool {
  return a.length == b.length && memory.compare(a.dataStart, b.dataStart, a.length) == 0;
}

/** MQTT 5 §2.2.2.2; the name is that of a User Property (0x26). */
export class Property {
  constructor(public id: u8, public name: string, public value: Uint8Array) {}
}

export class Message {
  qos: u8 = 0;
  retain: bool = false;
  properties: Property[] = [];

  constructor(public topic: string, public payload: Uint8Array) {}

  get text(): string {
    return decode(this.payload);
  }

  /** The same with another payload. */
  with(payload: Uint8Array): Message {
    const one = new Message(this.topic, payload);
    one.qos = this.qos;
    one.retain = this.retain;
    one.properties = this.properties;
    return one;
  }
  withText(payload: string): Message {
    return this.with(encode(payload));
  }
}

/** What on_message is given. */
export class MessageInput {
  static readonly UPSTREAM: u8 = 0;
  static readonly DOWNSTREAM: u8 = 1;
  static readonly SUBSCRIPTION: u8 = 2;

  /** The payload that the function saw last on this topic. */
  previous: Uint8Array | null = null;
  direction: u8 = 0;

  constructor(public message: Message, public origin: string) {}

  static read(pointer: usize, length: u32): MessageInput {
    const from = new Reader(pointer, pointer + length);
    const flags = from.u8();
    const topic = from.str();
    const message = new Message(topic, from.bytes(from.u32()));
    message.qos = flags & 3;
    message.retain = (flags & 4) != 0;
    for (let left = from.u16(); left > 0; left--) {
      const id = from.u8();
      const name = from.str();
      message.properties.push(new Property(id, name, from.bytes(from.u32())));
    }
    const input = new MessageInput(message, from.str());
    const previous = from.u32();
    if (previous != u32.MAX_VALUE) input.previous = from.bytes(previous);
    input.direction = from.u8();
    heap.free(pointer);
    return input;
  }
}

/** Messages that a hook gives. */
export class Messages extends Writer {
  constructor() {
    super();
    this.u16(0);
  }
  add(one: Message): void {
    this.message(one);
    this.count++;
  }
  answer(): u64 {
    return this.packList();
  }
}

/** Of a point. */
export class Value {
  static readonly BAD: u8 = 0;
  static readonly F64: u8 = 1;
  static readonly I64: u8 = 2;
  static readonly BOOL: u8 = 3;
  static readonly TEXT: u8 = 4;
  static readonly BYTES: u8 = 5;

  number: f64 = 0;
  /** Of BOOL as well: 0 or 1. */
  integer: i64 = 0;
  /** Why, of BAD. */
  text: string = '';
  bytes: Uint8Array = new Uint8Array(0);

  constructor(public type: u8) {}

  static bad(why: string): Value {
    const value = new Value(Value.BAD);
    value.text = why;
    return value;
  }
  static number(number: f64): Value {
    const value = new Value(Value.F64);
    value.number = number;
    return value;
  }
  static integer(integer: i64): Value {
    const value = new Value(Value.I64);
    value.integer = integer;
    return value;
  }
  static bool(is: bool): Value {
    const value = new Value(Value.BOOL);
    value.integer = is ? 1 : 0;
    return value;
  }
  static text(text: string): Value {
    const value = new Value(Value.TEXT);
    value.text = text;
    return value;
  }
  static bytes(bytes: Uint8Array): Value {
    const value = new Value(Value.BYTES);
    value.bytes = bytes;
    return value;
  }
}

function readValue(from: Reader): Value {
  const value = new Value(from.u8());
  if (value.type == Value.BAD) value.text = from.str();
  else if (value.type == Value.F64) value.number = from.f64();
  else if (value.type == Value.I64) value.integer = from.i64();
  else if (value.type == Value.BOOL) value.integer = from.u8();
  else if (value.type == Value.TEXT) value.text = from.text(from.u32());
  else value.bytes = from.bytes(from.u32());
  return value;
}

/** What on_decode is given: a frame of a device. */
export class FrameInput {
  constructor(public device: string, public frame: Uint8Array) {}

  static read(pointer: usize, length: u32): FrameInput {
    const from = new Reader(pointer, pointer + length);
    const device = from.str();
    const input = new FrameInput(device, from.bytes(from.u32()));
    heap.free(pointer);
    return input;
  }
}

/** What on_decode gives. */
export class Points extends Writer {
  constructor() {
    super();
    this.u16(0);
  }
  add(point: string, value: Value): void {
    this.str(point);
    this.value(value);
    this.count++;
  }
  answer(): u64 {
    return this.packList();
  }
}

/** What on_encode is given: a point and its new value. */
export class CommandInput {
  constructor(public device: string, public point: string, public value: Value) {}

  static read(pointer: usize, length: u32): CommandInput {
    const from = new Reader(pointer, pointer + length);
    const device = from.str();
    const point = from.str();
    const input = new CommandInput(device, point, readValue(from));
    heap.free(pointer);
    return input;
  }
}

/** What on_encode gives: frames for the device. */
export class Frames extends Writer {
  constructor() {
    super();
    this.u16(0);
  }
  add(frame: Uint8Array): void {
    this.bytes(frame);
    this.count++;
  }
  answer(): u64 {
    return this.packList();
  }
}

/** What on_timer and on_start are given: Unix ms. */
export function readInstant(pointer: usize, length: u32): i64 {
  const now = new Reader(pointer, pointer + length).i64();
  heap.free(pointer);
  return now;
}

/** What on_connect is given: clientId, userName, password, listener, address, protocolVersion, certificateName. */
export class ConnectInput {
  private fields: Map<string, Uint8Array> = new Map();

  static read(pointer: usize, length: u32): ConnectInput {
    const from = new Reader(pointer, pointer + length);
    const input = new ConnectInput();
    for (let left = from.u16(); left > 0; left--) {
      const key = from.str();
      input.fields.set(key, from.bytes(from.u32()));
    }
    heap.free(pointer);
    return input;
  }
  has(key: string): bool {
    return this.fields.has(key);
  }
  /** Empty where the client gave none. */
  text(key: string): string {
    return this.fields.has(key) ? decode(this.fields.get(key)) : '';
  }
}

/** What on_connect gives. */
export class Decision extends Writer {
  static readonly NO_OPINION: u8 = 0;
  static readonly ALLOW: u8 = 1;
  static readonly DENY: u8 = 2;

  static answer(decision: u8, reason: string = ''): u64 {
    const out = new Decision();
    out.u8(decision);
    out.str(reason);
    return out.pack();
  }
}

/** One message as publish() sends it. */
class Record extends Writer {
  send(one: Message): i32 {
    this.message(one);
    const packed = this.pack();
    const pointer = <usize>(packed >> 32);
    const result = host_publish(pointer, <u32>packed);
    heap.free(pointer);
    return result;
  }
}

// Bytes that the gateway gave belong to the function.
function taken(packed: u64): Uint8Array | null {
  if (packed == 0) return null;
  const pointer = <usize>(packed >> 32);
  const bytes = copied(pointer, <u32>packed);
  heap.free(pointer);
  return bytes;
}

function takenText(packed: u64): string | null {
  const bytes = taken(packed);
  return bytes === null ? null : decode(bytes);
}

/** What the gateway offers. Only what is called is imported, and has to be granted. */
export namespace hpmq {
  export const DEBUG: i32 = 0;
  export const INFO: i32 = 1;
  export const WARN: i32 = 2;
  export const ERROR: i32 = 3;

  export function log(text: string, level: i32 = 1): void {
    const bytes = encode(text);
    host_log(level, bytes.dataStart, bytes.length);
  }
  /** Unix ms. */
  export function now(): i64 {
    return host_now();
  }
  export function random(length: u32): Uint8Array {
    const bytes = new Uint8Array(length);
    host_random(bytes.dataStart, length);
    return bytes;
  }
  /** JSON text of what the configuration says. */
  export function config(key: string): string | null {
    const bytes = encode(key);
    return takenText(host_config(bytes.dataStart, bytes.length));
  }
  export function configNumber(key: string, otherwise: f64): f64 {
    const text = config(key);
    if (text === null) return otherwise;
    const number = parseFloat(text);
    return isNaN(number) ? otherwise : number;
  }
  export function kvGet(key: string): Uint8Array | null {
    const bytes = encode(key);
    return taken(host_kv_get(bytes.dataStart, bytes.length));
  }
  /** false: over the quota */
  export function kvSet(key: string, value: Uint8Array): bool {
    const bytes = encode(key);
    return host_kv_set(bytes.dataStart, bytes.length, value.dataStart, value.length) == 0;
  }
  export function kvDelete(key: string): void {
    const bytes = encode(key);
    host_kv_delete(bytes.dataStart, bytes.length);
  }
  /** 0, -1 not allowed, -2 over a limit */
  export function publish(one: Message): i32 {
    return new Record().send(one);
  }
  /** JSON text {"v":…,"q":…,"t":…,"u":…}; null: no such point, or not granted */
  export function pointRead(name: string): string | null {
    const bytes = encode(name);
    return takenText(host_point_read(bytes.dataStart, bytes.length));
  }
  /** value: JSON text. 0, -1 not allowed, -2 over a limit */
  export function pointCommand(name: string, value: string): i32 {
    const bytes = encode(name);
    const json = encode(value);
    return host_point_command(bytes.dataStart, bytes.length, json.dataStart, json.length);
  }
  /** JSON request, JSON response; waits. */
  export function http(request: string): string | null {
    const bytes = encode(request);
    return takenText(host_http(bytes.dataStart, bytes.length));
  }
}
