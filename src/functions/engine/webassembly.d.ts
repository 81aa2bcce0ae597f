/** WebAssembly's JavaScript interface as far as it is used here: Node's types leave it to those of browsers. */
declare namespace WebAssembly {
  type ImportValue = ((...values: never[]) => unknown) | Suspending;
  type ModuleImports = Record<string, ImportValue>;
  type Imports = Record<string, ModuleImports>;
  type Exports = Record<string, ((...values: never[]) => unknown) | Global | Memory>;

  class Module {
    constructor(bytes: Uint8Array);
    static imports(module: Module): { module: string; name: string; kind: string }[];
    static exports(module: Module): { name: string; kind: string }[];
  }

  class Instance {
    constructor(module: Module, imports: Imports);
    readonly exports: Exports;
  }

  class Memory {
    constructor(descriptor: { readonly initial: number });
    readonly buffer: ArrayBuffer;
  }

  /** Of type i32. */
  class Global {
    private constructor();
    value: number;
  }

  class RuntimeError extends Error {}
  class LinkError extends Error {}
  class CompileError extends Error {}

  /** JavaScript Promise Integration: an import that may wait. */
  class Suspending {
    constructor(run: (...values: never[]) => Promise<unknown>);
  }
  /** An export that gives a promise because imports it calls may wait. */
  function promising<T>(run: (...values: never[]) => T): (...values: number[]) => Promise<T>;

  function validate(bytes: Uint8Array): boolean;
  function compile(bytes: Uint8Array): Promise<Module>;
}
