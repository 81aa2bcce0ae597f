/** Takes a module apart into what the rewriter and the checks need (WebAssembly core specification §5.5). */
import { functionError } from '../errors.js';
import { referenceType, valueType } from './instructions.js';
import { MAX_FUNCTIONS, MAX_GLOBALS, MAX_PARAMETERS, MAX_RESULTS, MAX_TABLES } from './limits.js';
import { Reader } from './reader.js';

export const section = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
} as const;

/** Sections as they have to follow one another, without those that are dropped. */
export const sectionOrder = [1, 2, 3, 4, 5, 6, 7, 9, 12, 10, 11] as const;

export interface FunctionType {
  readonly parameters: readonly string[];
  readonly results: readonly string[];
}

/** As in the text format: `(i32, i32) -> i64`. */
export function typeText({ parameters, results }: FunctionType): string {
  return `(${parameters.join(', ')}) -> ${results.length === 0 ? 'nothing' : results.join(', ')}`;
}

export interface Import {
  readonly module: string;
  readonly name: string;
  readonly type: FunctionType;
}

export interface Export {
  readonly kind: 'function' | 'table' | 'memory' | 'global';
  readonly index: number;
}

/** A limit of a memory or table; undefined: none was given. */
export interface Limits {
  readonly minimum: number;
  readonly maximum: number | undefined;
}

export interface Sections {
  /** Contents by {@link section}; custom ones are not among them. */
  readonly bytes: ReadonlyMap<number, Uint8Array>;
  /** The `name` section, for stack traces. */
  readonly names: Uint8Array | undefined;
  readonly types: readonly FunctionType[];
  readonly imports: readonly Import[];
  /** Type of each function that the module defines. */
  readonly functions: readonly FunctionType[];
  readonly tables: readonly { readonly type: number; readonly limits: Limits }[];
  readonly memories: readonly Limits[];
  readonly globals: number;
  readonly exports: ReadonlyMap<string, Export>;
  /** Index of the function to run first. */
  readonly start: number | undefined;
}

const HEADER_BYTES = 8;

/**
 * @param bytes - that `WebAssembly.validate` takes
 * @throws GatewayError FUNCTION_MODULE_FEATURE, FUNCTION_MODULE_LIMIT, FUNCTION_MODULE_INVALID
 */
export function readSections(bytes: Uint8Array): Sections {
  const reader = new Reader(bytes, HEADER_BYTES);
  const found = new Map<number, Uint8Array>();
  let names: Uint8Array | undefined;
  while (!reader.isAtEnd) {
    const id = reader.u8();
    const content = reader.take(reader.u32());
    if (id === section.custom) {
      if (new Reader(content).name() === 'name') names ??= content;
    } else if (id === 13) throw feature('exceptions (a tag section)');
    else if (id > section.dataCount) throw feature(`section ${id}`);
    else found.set(id, content);
  }
  const part = <T>(id: number, read: (content: Reader) => T, empty: T): T => {
    const content = found.get(id);
    return content === undefined ? empty : read(new Reader(content));
  };
  const types = part(section.type, readTypes, []);
  const functions = part(section.function, (content) => readFunctions(content, types), []);
  const globals = part(section.global, (content) => content.u32(), 0);
  if (globals > MAX_GLOBALS) throw functionError('FUNCTION_MODULE_LIMIT', `${globals} globals; at most ${MAX_GLOBALS}`);
  return {
    bytes: found,
    names,
    types,
    imports: part(section.import, (content) => readImports(content, types), []),
    functions,
    tables: part(section.table, readTables, []),
    memories: part(section.memory, readMemories, []),
    globals,
    exports: part(section.export, readExports, new Map()),
    start: part(section.start, (content) => content.u32(), undefined as number | undefined),
  };
}

function feature(what: string): Error {
  return functionError('FUNCTION_MODULE_FEATURE', `the module uses ${what}`);
}

function vector<T>(reader: Reader, read: (reader: Reader) => T): T[] {
  const list: T[] = [];
  for (let left = reader.u32(); left > 0; left--) list.push(read(reader));
  return list;
}

function readTypes(reader: Reader): FunctionType[] {
  return vector(reader, () => {
    if (reader.u8() !== 0x60) throw feature('garbage-collected types');
    const type = { parameters: vector(reader, valueType), results: vector(reader, valueType) };
    if (type.parameters.length > MAX_PARAMETERS || type.results.length > MAX_RESULTS) {
      throw functionError(
        'FUNCTION_MODULE_LIMIT',
        `a type has ${type.parameters.length} parameters and ${type.results.length} results; at most ${MAX_PARAMETERS} and ${MAX_RESULTS}`,
      );
    }
    return type;
  });
}

function typeAt(types: readonly FunctionType[], index: number): FunctionType {
  const type = types[index];
  if (type === undefined) throw functionError('FUNCTION_MODULE_INVALID', `there is no type ${index}`);
  return type;
}

function readFunctions(reader: Reader, types: readonly FunctionType[]): FunctionType[] {
  const functions = vector(reader, () => typeAt(types, reader.u32()));
  if (functions.length > MAX_FUNCTIONS) {
    throw functionError('FUNCTION_MODULE_LIMIT', `${functions.length} functions; at most ${MAX_FUNCTIONS}`);
  }
  return functions;
}

const importKinds = ['function', 'table', 'memory', 'global', 'tag'];

function readImports(reader: Reader, types: readonly FunctionType[]): Import[] {
  return vector(reader, () => {
    const module = reader.name();
    const name = reader.name();
    const kind = reader.u8();
    if (kind !== 0) {
      throw functionError(
        'FUNCTION_IMPORT_UNKNOWN',
        `the module imports the ${importKinds[kind] ?? 'thing'} ${module}.${name}; it may import functions only`,
      );
    }
    return { module, name, type: typeAt(types, reader.u32()) };
  });
}

function readLimits(reader: Reader): Limits {
  const flags = reader.u8();
  if ((flags & 0x02) !== 0) throw feature('shared memory (threads)');
  if ((flags & ~0x01) !== 0) throw feature('64-bit memory');
  const minimum = reader.u32();
  return { minimum, maximum: (flags & 0x01) === 0 ? undefined : reader.u32() };
}

function readMemories(reader: Reader): Limits[] {
  const memories = vector(reader, readLimits);
  if (memories.length > 1) throw feature('several memories');
  return memories;
}

function readTables(reader: Reader): { type: number; limits: Limits }[] {
  const tables = vector(reader, () => {
    const type = reader.bytes[reader.at] ?? 0;
    referenceType(reader);
    return { type, limits: readLimits(reader) };
  });
  if (tables.length > MAX_TABLES) {
    throw functionError('FUNCTION_MODULE_LIMIT', `${tables.length} tables; at most ${MAX_TABLES}`);
  }
  return tables;
}

const exportKinds = ['function', 'table', 'memory', 'global'] as const;

function readExports(reader: Reader): Map<string, Export> {
  const exports = new Map<string, Export>();
  for (let left = reader.u32(); left > 0; left--) {
    const name = reader.name();
    const kind = exportKinds[reader.u8()];
    if (kind === undefined) throw feature('exceptions (a tag is exported)');
    exports.set(name, { kind, index: reader.u32() });
  }
  return exports;
}

/** Type of a function by its index, which counts the imported ones first. */
export function functionType(sections: Sections, index: number): FunctionType {
  const { imports, functions } = sections;
  const type = index < imports.length ? imports[index]!.type : functions[index - imports.length];
  if (type === undefined) throw functionError('FUNCTION_MODULE_INVALID', `there is no function ${index}`);
  return type;
}
