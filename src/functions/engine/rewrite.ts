/**
 * Makes a module that cannot run for ever and cannot grow: fuel in every function, a ceiling for memory and tables.
 *
 *   bytes ── WebAssembly.validate ──▶ sections ──▶ limits, added globals, metered bodies ──▶ bytes
 *
 * The original is validated first: the added globals have indices that its code could otherwise name.
 */
import { functionError } from '../errors.js';
import { type Meters, meterFunction } from './fuel.js';
import { MAX_BODY_BYTES, MAX_MODULE_BYTES, MAX_TABLE_ELEMENTS, PAGE_BYTES } from './limits.js';
import { Reader } from './reader.js';
import { type Limits, readSections, type Sections, section, sectionOrder } from './sections.js';
import { Writer } from './writer.js';

/** Exports that are added. No export of a module may begin like this. */
export const added = { prefix: 'hpmq:', fuel: 'hpmq:fuel', denied: 'hpmq:denied', start: 'hpmq:start' } as const;

export interface Caps {
  /** Of linear memory, in pages of 64 KiB. */
  readonly pages: number;
  /** What is in the tank when an instance is made. */
  readonly fuel: number;
}

export interface Rewritten {
  readonly bytes: Uint8Array;
  readonly sections: Sections;
}

/** @throws GatewayError that names what is wrong with the module */
export function rewrite(bytes: Uint8Array, caps: Caps): Rewritten {
  if (bytes.length > MAX_MODULE_BYTES) {
    throw functionError('FUNCTION_MODULE_LIMIT', `the module has ${bytes.length} bytes; at most ${MAX_MODULE_BYTES}`, {
      hint: 'compile for size and strip debug information',
      details: { bytes: bytes.length, most: MAX_MODULE_BYTES },
    });
  }
  validate(bytes);
  const sections = readSections(bytes);
  for (const name of sections.exports.keys()) {
    if (!name.startsWith(added.prefix)) continue;
    throw functionError('FUNCTION_MODULE_FEATURE', `the module exports ${name}: names that begin so are reserved`);
  }
  const meters: Meters = { fuel: sections.globals, denied: sections.globals + 1 };
  const out = new Writer(bytes.length + (bytes.length >> 1) + 256);
  out.put(bytes.subarray(0, 8));
  for (const id of sectionOrder) {
    const content = newContent(id, sections, meters, caps);
    if (content === undefined) continue;
    out.u8(id);
    out.sized(content);
  }
  if (sections.names !== undefined) {
    out.u8(section.custom);
    out.sized(sections.names);
  }
  return { bytes: out.view(), sections };
}

function validate(bytes: Uint8Array): void {
  if (WebAssembly.validate(bytes)) return;
  let why = '';
  try {
    // Only to hear why: what is not valid is not compiled.
    new WebAssembly.Module(bytes);
  } catch (error) {
    why = error instanceof Error ? error.message.replace('WebAssembly.Module(): ', '') : String(error);
  }
  throw functionError('FUNCTION_MODULE_INVALID', `this is no valid WebAssembly module: ${why}`);
}

function newContent(id: number, sections: Sections, meters: Meters, caps: Caps): Uint8Array | undefined {
  const content = sections.bytes.get(id);
  switch (id) {
    case section.memory:
      return content === undefined ? undefined : cappedMemory(sections, caps);
    case section.table:
      return content === undefined ? undefined : cappedTables(sections);
    case section.global:
      return withMeters(content, sections.globals, caps);
    case section.export:
      return withExports(content, sections, meters);
    case section.code:
      return content === undefined ? undefined : metered(content, sections, meters);
    default:
      return content;
  }
}

function cappedMemory({ memories }: Sections, { pages }: Caps): Uint8Array {
  const out = new Writer(16);
  out.u32(memories.length);
  for (const limits of memories) {
    if (limits.minimum > pages) {
      throw functionError(
        'FUNCTION_MODULE_LIMIT',
        `the module begins with ${limits.minimum * PAGE_BYTES} bytes of memory; allowed are ${pages * PAGE_BYTES}`,
        { details: { bytes: limits.minimum * PAGE_BYTES, most: pages * PAGE_BYTES } },
      );
    }
    writeLimits(out, limits, pages);
  }
  return out.view();
}

function cappedTables({ tables }: Sections): Uint8Array {
  const out = new Writer(16);
  out.u32(tables.length);
  for (const { type, limits } of tables) {
    if (limits.minimum > MAX_TABLE_ELEMENTS) {
      throw functionError(
        'FUNCTION_MODULE_LIMIT',
        `a table begins with ${limits.minimum} elements; allowed are ${MAX_TABLE_ELEMENTS}`,
      );
    }
    out.u8(type);
    writeLimits(out, limits, MAX_TABLE_ELEMENTS);
  }
  return out.view();
}

function writeLimits(out: Writer, { minimum, maximum }: Limits, ceiling: number): void {
  out.u8(0x01);
  out.u32(minimum);
  out.u32(Math.min(maximum ?? ceiling, ceiling));
}

/** Two mutable globals of type i32 behind those that are there. */
function withMeters(content: Uint8Array | undefined, count: number, caps: Caps): Uint8Array {
  const out = new Writer((content?.length ?? 0) + 32);
  out.u32(count + 2);
  if (content !== undefined) out.put(behindCount(content));
  for (const value of [caps.fuel, 0]) {
    out.u8(0x7f);
    out.u8(0x01);
    out.u8(0x41);
    out.s32(value);
    out.u8(0x0b);
  }
  return out.view();
}

/** The start function is exported instead of run while the instance is made: its memory can be reached then, and its fuel. */
function withExports(content: Uint8Array | undefined, { exports, start }: Sections, meters: Meters): Uint8Array {
  const out = new Writer((content?.length ?? 0) + 64);
  out.u32(exports.size + (start === undefined ? 2 : 3));
  if (content !== undefined) out.put(behindCount(content));
  for (const name of ['fuel', 'denied'] as const) {
    out.name(added[name]);
    out.u8(0x03);
    out.u32(meters[name]);
  }
  if (start !== undefined) {
    out.name(added.start);
    out.u8(0x00);
    out.u32(start);
  }
  return out.view();
}

function metered(content: Uint8Array, { functions, imports, types }: Sections, meters: Meters): Uint8Array {
  const reader = new Reader(content);
  const out = new Writer(content.length + (content.length >> 1) + 64);
  const body = new Writer(4096);
  const count = reader.u32();
  out.u32(count);
  for (let index = 0; index < count; index++) {
    const size = reader.u32();
    if (size > MAX_BODY_BYTES) {
      throw functionError(
        'FUNCTION_MODULE_LIMIT',
        `function ${imports.length + index} has ${size} bytes of code; at most ${MAX_BODY_BYTES}`,
      );
    }
    body.clear();
    meterFunction(reader.part(size), functions[index]!, types, meters, body);
    out.sized(body.view());
  }
  return out.view();
}

function behindCount(content: Uint8Array): Uint8Array {
  const reader = new Reader(content);
  reader.u32();
  return content.subarray(reader.at);
}
