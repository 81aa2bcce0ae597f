/**
 * A started engine → a module that begins where the engine stands: linear memory becomes data segments, hooks that there are
 * not and imports that nothing calls are left out. The same memory gives the same bytes.
 */
import { skipImmediates } from '../engine/instructions.js';
import { Reader } from '../engine/reader.js';
import { type Import, readSections, type Sections, section, sectionOrder, typeText } from '../engine/sections.js';
import { Writer } from '../engine/writer.js';

const HEADER = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
const PAGE_BYTES = 65_536;
/** A gap of zeros that is longer begins another segment. */
const GAP = 16;
const CALL = 0x10;
const REF_FUNC = 0xd2;
const I32_CONST = 0x41;
const END = 0x0b;

export interface Snapshot {
  readonly engine: Uint8Array;
  readonly memory: Uint8Array;
  /** Below it is the stack, of which nothing is needed. */
  readonly stackPointer: number;
  readonly keepsImport: (one: Import) => boolean;
  readonly keepsExport: (name: string) => boolean;
}

export function snapshot({ engine, memory, stackPointer, keepsImport, keepsExport }: Snapshot): Buffer {
  const sections = readSections(engine);
  const renumber = newIndices(sections, keepsImport);
  const parts: Buffer[] = [HEADER];
  for (const id of sectionOrder) {
    if (id === section.dataCount) continue;
    const content = sections.bytes.get(id);
    if (content === undefined) continue;
    const made = new Writer(content.length + 1024);
    if (id === section.import) writeImports(made, content, sections, keepsImport);
    else if (id === section.memory) writeMemory(made, memory.length / PAGE_BYTES);
    else if (id === section.export) writeExports(made, sections, keepsExport, renumber);
    else if (id === section.element) writeElements(made, content, renumber);
    else if (id === section.code) writeCode(made, content, renumber);
    else if (id === section.data) writeData(made, memory, stackPointer);
    else made.put(content);
    const head = new Writer(8);
    head.u8(id);
    head.u32(made.length);
    parts.push(Buffer.from(head.view()), Buffer.from(made.view()));
  }
  return Buffer.concat(parts);
}

/** Of each function by its index so far. A call of an import that is left out goes to a function of the same type. */
function newIndices(sections: Sections, keeps: (one: Import) => boolean): Uint32Array {
  const { imports, functions, exports } = sections;
  const indices = new Uint32Array(imports.length + functions.length);
  let next = 0;
  imports.forEach((one, index) => {
    if (keeps(one)) indices[index] = next++;
  });
  functions.forEach((_, index) => {
    indices[imports.length + index] = next++;
  });
  imports.forEach((one, index) => {
    if (keeps(one)) return;
    const stand = [...exports].find(([name, { index: at }]) => {
      const type = functions[at - imports.length];
      return name.startsWith('absent_') && type !== undefined && typeText(type) === typeText(one.type);
    });
    if (stand === undefined) throw new TypeError(`the engine has nothing in place of ${one.module}.${one.name}`);
    indices[index] = indices[stand[1].index]!;
  });
  return indices;
}

function writeImports(to: Writer, content: Uint8Array, { imports }: Sections, keeps: (one: Import) => boolean): void {
  const reader = new Reader(content);
  reader.u32();
  to.u32(imports.filter(keeps).length);
  for (const one of imports) {
    const start = reader.at;
    reader.name();
    reader.name();
    reader.skip(1);
    reader.skipNumber();
    if (keeps(one)) to.put(content.subarray(start, reader.at));
  }
}

function writeMemory(to: Writer, pages: number): void {
  to.u32(1);
  to.u8(0);
  to.u32(pages);
}

const kinds = ['function', 'table', 'memory', 'global'] as const;

function writeExports(to: Writer, sections: Sections, keeps: (name: string) => boolean, indices: Uint32Array): void {
  const kept = [...sections.exports].filter(([name]) => keeps(name));
  to.u32(kept.length);
  for (const [name, { kind, index }] of kept) {
    to.name(name);
    to.u8(kinds.indexOf(kind));
    to.u32(kind === 'function' ? indices[index]! : index);
  }
}

/** As wasm-ld writes them: active ones of table 0, with indices of functions (core specification §5.5.12, kind 0). */
function writeElements(to: Writer, content: Uint8Array, indices: Uint32Array): void {
  const reader = new Reader(content);
  const count = reader.u32();
  to.u32(count);
  for (let left = count; left > 0; left--) {
    const start = reader.at;
    if (reader.u32() !== 0 || reader.u8() !== I32_CONST) throw new TypeError('the engine has elements of another kind');
    reader.skipNumber();
    if (reader.u8() !== END) throw new TypeError('the engine has elements of another kind');
    to.put(content.subarray(start, reader.at));
    const functions = reader.u32();
    to.u32(functions);
    for (let i = 0; i < functions; i++) to.u32(indices[reader.u32()]!);
  }
}

function writeCode(to: Writer, content: Uint8Array, indices: Uint32Array): void {
  const reader = new Reader(content);
  const count = reader.u32();
  const body = new Writer(PAGE_BYTES);
  to.u32(count);
  for (let left = count; left > 0; left--) {
    body.clear();
    writeBody(body, reader.part(reader.u32()), indices);
    to.sized(body.view());
  }
}

function writeBody(to: Writer, reader: Reader, indices: Uint32Array): void {
  let copied = reader.at;
  for (let groups = reader.u32(); groups > 0; groups--) {
    reader.skipNumber();
    reader.skip(1);
  }
  while (!reader.isAtEnd) {
    const opcode = reader.u8();
    if (opcode !== CALL && opcode !== REF_FUNC) {
      skipImmediates(reader, opcode);
      continue;
    }
    to.put(reader.bytes.subarray(copied, reader.at));
    to.u32(indices[reader.u32()]!);
    copied = reader.at;
  }
  to.put(reader.bytes.subarray(copied, reader.end));
}

function writeData(to: Writer, memory: Uint8Array, from: number): void {
  const segments: [number, number][] = [];
  for (let at = from; at < memory.length; ) {
    if (memory[at] === 0) {
      at++;
      continue;
    }
    const start = at;
    let end = at;
    for (let zeros = 0; at < memory.length && zeros < GAP; at++) {
      if (memory[at] === 0) zeros++;
      else {
        zeros = 0;
        end = at + 1;
      }
    }
    segments.push([start, end]);
  }
  to.u32(segments.length);
  for (const [start, end] of segments) {
    to.u8(0);
    to.u8(I32_CONST);
    to.s32(start);
    to.u8(END);
    to.sized(memory.subarray(start, end));
  }
}
