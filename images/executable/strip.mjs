/**
 * Leaves the symbol table out of an ELF64 file: a sixth of Node, and of no use at run time. In a few lines here, because the
 * binutils of one architecture do not read the files of another, and those of another day may write other bytes.
 */
import { readFileSync, writeFileSync } from 'node:fs';

/** Executable and Linkable Format, version 1.2, Book I: types of sections, and the flag of those that are loaded. */
const SYMTAB = 2;
const NOBITS = 8;
const ALLOC = 2n;

/** @param from - an executable of either architecture, little-endian; @param to - where it is written to without symbols */
export function strip(from, to) {
  const file = readFileSync(from);
  if (file.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') throw new Error(`${from} is not a little-endian ELF64 file`);
  const sections = readSections(file);
  const symbols = sections.findIndex(({ type }) => type === SYMTAB);
  if (symbols < 0) throw new Error(`${from} has no symbol table: it is stripped already`);
  const dropped = new Set([symbols, sections[symbols].link]);
  const pieces = [file.subarray(0, endOfLoaded(file, sections))];
  let length = pieces[0].length;
  const append = (bytes, alignment) => {
    const padding = (alignment - (length % alignment)) % alignment;
    pieces.push(Buffer.alloc(padding), bytes);
    length += padding + bytes.length;
    return length - bytes.length;
  };
  sections.forEach(({ header, offset, size, type, flags, alignment }, index) => {
    // Its header stays, as that of no section: others name sections by their number.
    if (dropped.has(index)) header.fill(0);
    else if (type !== 0 && (flags & ALLOC) === 0n && offset >= pieces[0].length) {
      header.writeBigUInt64LE(BigInt(append(file.subarray(offset, offset + size), alignment)), 24);
    }
  });
  const table = append(Buffer.concat(sections.map(({ header }) => header)), 8);
  const stripped = Buffer.concat(pieces);
  stripped.writeBigUInt64LE(BigInt(table), 40);
  writeFileSync(to, stripped, { mode: 0o755 });
}

function readSections(file) {
  const start = Number(file.readBigUInt64LE(40));
  const size = file.readUInt16LE(58);
  return Array.from({ length: file.readUInt16LE(60) }, (_, index) => {
    const header = Buffer.from(file.subarray(start + index * size, start + (index + 1) * size));
    return {
      header,
      type: header.readUInt32LE(4),
      flags: header.readBigUInt64LE(8),
      offset: Number(header.readBigUInt64LE(24)),
      size: Number(header.readBigUInt64LE(32)),
      link: header.readUInt32LE(40),
      alignment: Math.max(1, Number(header.readBigUInt64LE(48))),
    };
  });
}

/** Where the bytes end that a process maps: of segments and of loaded sections. */
function endOfLoaded(file, sections) {
  const start = Number(file.readBigUInt64LE(32));
  const size = file.readUInt16LE(54);
  const segments = Array.from({ length: file.readUInt16LE(56) }, (_, index) => {
    const at = start + index * size;
    return Number(file.readBigUInt64LE(at + 8)) + Number(file.readBigUInt64LE(at + 32));
  });
  const loaded = sections.filter(({ type, flags }) => (flags & ALLOC) !== 0n && type !== NOBITS);
  return Math.max(...segments, ...loaded.map(({ offset, size }) => offset + size));
}
