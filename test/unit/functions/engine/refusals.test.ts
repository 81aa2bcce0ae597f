/** Modules made by hand that ask for what they may not have: each is refused by name before any of its code runs. */
import t from 'tap';
import type { Capability } from '../../../../src/core/function.js';
import { encodeMessageInput } from '../../../../src/functions/engine/abi/message-frames.js';
import { wasiNames } from '../../../../src/functions/engine/abi/wasi.js';
import { compile } from '../../../../src/functions/engine/module.js';
import { Writer } from '../../../../src/functions/engine/writer.js';
import { guestLimits, guestMessage, quietHost } from '../../../support/guests.js';

interface Parts {
  /** Sections that are added or put in place of others; by id. */
  readonly [id: number]: readonly number[];
  readonly imports?: readonly (readonly [module: string, name: string, ...kind: readonly number[]])[];
  /** Instructions of on_message, without the end. */
  readonly code?: readonly number[];
  /** Bytes of hpmq_abi, without the end. */
  readonly abi?: readonly number[];
  readonly exports?: readonly (readonly [name: string, kind: number, index: number])[];
}

const I32 = 0x7f;
const I64 = 0x7e;
/** Types: 0 hpmq_abi, 1 hpmq_alloc, 2 hook, 3 nothing, 4 log. */
const types = [
  5,
  ...[0x60, 0, 1, I32],
  ...[0x60, 1, I32, 1, I32],
  ...[0x60, 2, I32, I32, 1, I64],
  ...[0x60, 0, 0],
  ...[0x60, 3, I32, I32, I32, 0],
];

function build(parts: Parts = {}): Buffer {
  const { imports = [], code = [0x42, 0x00], abi = [0x41, 0x01] } = parts;
  const first = imports.filter(([, , kind]) => kind === 0).length;
  const exports = parts.exports ?? [
    ['memory', 2, 0],
    ['hpmq_abi', 0, first],
    ['hpmq_alloc', 0, first + 1],
    ['on_message', 0, first + 2],
  ];
  const sections = new Map<number, Uint8Array>();
  const put = (id: number, write: (out: Writer) => void) => {
    const out = new Writer();
    write(out);
    sections.set(id, Uint8Array.from(out.view()));
  };
  sections.set(1, Uint8Array.from(types));
  put(2, (out) => {
    out.u32(imports.length);
    for (const [module, name, ...kind] of imports) {
      out.name(module);
      out.name(name);
      out.put(Uint8Array.from(kind));
    }
  });
  sections.set(3, Uint8Array.from([4, 0, 1, 2, 3]));
  sections.set(5, Uint8Array.from([1, 0, 1]));
  put(7, (out) => {
    out.u32(exports.length);
    for (const [name, kind, index] of exports) {
      out.name(name);
      out.u8(kind);
      out.u32(index);
    }
  });
  put(10, (out) => {
    out.u32(4);
    for (const body of [abi, [0x41, 0x10], code, []]) out.sized(Uint8Array.from([0, ...body, 0x0b]));
  });
  for (const [id, content] of Object.entries(parts))
    if (/^\d+$/.test(id)) sections.set(Number(id), Uint8Array.from(content));
  const out = new Writer();
  out.put(Buffer.from('0061736d01000000', 'hex'));
  for (const id of [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11]) {
    const content = sections.get(id);
    if (content === undefined) continue;
    out.u8(id);
    out.sized(content);
  }
  return Buffer.from(out.view());
}

const options = { limits: guestLimits, grants: new Set<Capability>(), isolate: 'inline' } as const;

const refused: readonly [what: string, parts: Parts, code: string, message: RegExp][] = [
  ['shared memory', { 5: [1, 3, 1, 2] }, 'FEATURE', /shared memory/],
  ['64-bit memory', { 5: [1, 4, 1] }, 'FEATURE', /64-bit memory/],
  ['two memories', { 5: [2, 0, 1, 0, 1] }, 'FEATURE', /several memories/],
  ['more memory than it may have', { 5: [1, 0, 65] }, 'LIMIT', /4259840 bytes of memory; allowed are 4194304/],
  ['a table of ten million elements', { 4: [1, 0x70, 0, 0x80, 0xad, 0xe2, 0x04] }, 'LIMIT', /10000000 elements/],
  [
    '65 parameters',
    { 1: [...types.with(0, 6), 0x60, 65, ...Array<number>(65).fill(I32), 0] },
    'LIMIT',
    /65 parameters/,
  ],
  ['17 results', { 1: [...types.with(0, 6), 0x60, 0, 17, ...Array<number>(17).fill(I32)] }, 'LIMIT', /17 results/],
  ['a tag', { 13: [1, 0, 3] }, 'FEATURE', /exceptions/],
  ['a try block', { code: [0x06, 0x40, 0x0b, 0x42, 0] }, 'FEATURE', /legacy exceptions/],
  ['a try_table', { code: [0x1f, 0x40, 0, 0x0b, 0x42, 0] }, 'FEATURE', /exceptions/],
  ['an atomic fence', { code: [0xfe, 0x03, 0, 0x42, 0] }, 'FEATURE', /threads/],
  ['a struct type', { 1: [...types.with(0, 6), 0x5f, 0] }, 'FEATURE', /garbage-collected types/],
  ['relaxed SIMD', { code: [...v128(), ...v128(), 0xfd, 0x80, 0x02, 0x1a, 0x42, 0] }, 'FEATURE', /relaxed SIMD/],
  ['a typed reference', { code: [0xd0, 0x03, 0x1a, 0x42, 0] }, 'FEATURE', /typed or collected references/],
  ['an imported memory', { imports: [['env', 'memory', 2, 0, 1]], 5: [0] }, 'UNKNOWN', /imports the memory env.memory/],
  ['an imported table', { imports: [['env', 'table', 1, 0x70, 0, 1]] }, 'UNKNOWN', /imports the table env.table/],
  ['an imported global', { imports: [['env', 'g', 3, I32, 0]] }, 'UNKNOWN', /imports the global env.g/],
  ['an unknown module', { imports: [['fs', 'open', 0, 3]] }, 'UNKNOWN', /fs.open, which does not exist/],
  ['an unknown call of the host', { imports: [['hpmq', 'exec', 0, 3]] }, 'UNKNOWN', /hpmq.exec, which does not exist/],
  ['a name of every object', { imports: [['hpmq', 'toString', 0, 3]] }, 'UNKNOWN', /hpmq.toString/],
  ['an unknown call of WASI', { imports: [['wasi_snapshot_preview1', 'x', 0, 3]] }, 'UNKNOWN', /preview1.x/],
  ['log with other types', { imports: [['hpmq', 'log', 0, 3]] }, 'SIGNATURE', /hpmq.log is \(\) -> nothing/],
  [
    'no hook',
    {
      exports: [
        ['memory', 2, 0],
        ['hpmq_abi', 0, 0],
        ['hpmq_alloc', 0, 1],
      ],
    },
    'MISSING',
    /any of on_message/,
  ],
  [
    'no hpmq_alloc',
    {
      exports: [
        ['memory', 2, 0],
        ['hpmq_abi', 0, 0],
      ],
    },
    'MISSING',
    /hpmq_alloc/,
  ],
  [
    'a hook of another type',
    {
      exports: [
        ['memory', 2, 0],
        ['hpmq_abi', 0, 0],
        ['hpmq_alloc', 0, 1],
        ['on_message', 0, 3],
      ],
    },
    'SIGNATURE',
    /on_message is/,
  ],
  ['an export of a reserved name', { exports: [['hpmq:fuel', 0, 0]] }, 'FEATURE', /hpmq:fuel/],
  ['code that names the meters', { code: [0x41, 0, 0x24, 0, 0x42, 0] }, 'INVALID', /no valid WebAssembly/],
  ['another version of the ABI', { abi: [0x41, 0x02] }, 'FUNCTION_ABI', /version 2 of the ABI/],
  ['a version that is never said', { abi: [0x03, 0x7f, 0x0c, 0, 0x0b] }, 'FUNCTION_ABI', /ended with fuel/],
  ['data outside of memory', { 12: [1], 11: [1, 0, 0x41, 0x80, 0x80, 0x04, 0x0b, 1, 7] }, 'INVALID', /does not start/],
];

function v128(): number[] {
  return [0xfd, 0x0c, ...Array<number>(16).fill(0)];
}

t.test('what they are made from is taken', async (t) => {
  const module = await compile(build(), options);
  t.strictSame([...module.hooks], ['on_message']);
  using instance = module.instantiate(quietHost());
  t.equal(instance.call('on_message', Buffer.from('x')), undefined);
});

for (const [what, parts, code, message] of refused) {
  t.test(`refused: ${what}`, async (t) => {
    await t.rejects(compile(build(parts), options), { code: new RegExp(code), message });
  });
}

t.test('refused: a capability that was not granted; taken: one that was', async (t) => {
  const bytes = build({ imports: [['hpmq', 'publish', 0, 2]], 1: types.with(0, 5) });
  await t.rejects(compile(bytes, options), { code: 'FUNCTION_SIGNATURE' });
  const right = build({ imports: [['hpmq', 'kv_get', 0, 2]] });
  await t.rejects(compile(right, options), { code: 'FUNCTION_NOT_GRANTED', message: /hpmq.kv_get.*kv/ });
  const module = await compile(right, { ...options, grants: new Set(['kv']) });
  t.strictSame([...module.needs], ['kv']);
});

t.test('a start function runs metered: one without end is a trap, not a hang', async (t) => {
  const bodies = [
    [0x41, 0x01],
    [0x41, 0x10],
    [0x42, 0],
    [0x03, 0x40, 0x0c, 0, 0x0b],
  ];
  const code = [4, ...bodies.flatMap((body) => [body.length + 2, 0, ...body, 0x0b])];
  const module = await compile(build({ 8: [3], 10: code }), options);
  t.throws(() => module.instantiate(quietHost()), { name: 'FunctionTrap', trap: 'fuel' });
});

t.test('straight code without a loop is paid for by its length', async (t) => {
  const used = async (nops: number) => {
    const module = await compile(build({ code: [...Array<number>(nops).fill(0x01), 0x42, 0] }), options);
    using instance = module.instantiate(quietHost());
    instance.call('on_message', Buffer.from('x'));
    return instance.fuelUsed;
  };
  const short = await used(10);
  t.equal((await used(64_000)) - short, 1_000);
});

async function usedBy(parts: Parts): Promise<number> {
  const module = await compile(build(parts), options);
  using instance = module.instantiate(quietHost());
  instance.call('on_message', Buffer.from('x'));
  return instance.fuelUsed;
}

/** Unsigned LEB128. */
function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >> 7)];
}

t.test('each call of the host is paid for, whatever it does', async (t) => {
  const CALLS = 100;
  const names = [...wasiNames].filter((name) => name !== 'proc_exit');
  const call = [0x10, 0, 0x1a];
  const code = [...Array<typeof call>(CALLS).fill(call).flat(), 0x42, 0];
  for (const name of names) {
    const used = await usedBy({ imports: [['wasi_snapshot_preview1', name, 0, 0]], code });
    t.ok(used >= CALLS * 64, `wasi.${name}: ${used}`);
  }
  const now = await usedBy({ imports: [['hpmq', 'now', 0, 5]], 1: [...types.with(0, 6), 0x60, 0, 1, I64], code });
  t.ok(now >= CALLS * 64, `hpmq.now: ${now}`);
  for (const name of ['__host_response_len', '__host_error_len']) {
    const bytes = build({
      imports: [['wapc', name, 0, 0]],
      1: [...types.with(0, 6), 0x60, 2, I32, I32, 1, I32],
      3: [4, 0, 1, 5, 3],
      exports: [
        ['memory', 2, 0],
        ['__guest_call', 0, 3],
      ],
      code: [...code.slice(0, -2), 0x41, 0],
    });
    using instance = (await compile(bytes, options)).instantiate(quietHost());
    const frame = encodeMessageInput(guestMessage(), undefined, 'upstream', 0);
    t.throws(() => instance.call('on_message', frame), { name: 'FunctionTrap', trap: 'refused' });
    t.ok(instance.fuelUsed >= CALLS * 64, `wapc.${name}: ${instance.fuelUsed}`);
  }
});

t.test('the room of a function, the values of a block and slow instructions are paid for', async (t) => {
  const bodies = (locals: readonly number[]) => [
    [0, 0x41, 0x01, 0x0b],
    [0, 0x41, 0x10, 0x0b],
    [0, 0x10, 3, 0x42, 0, 0x0b],
    [...locals, 0x0b],
  ];
  const withLocals = (locals: readonly number[]) =>
    usedBy({ 10: [4, ...bodies(locals).flatMap((body) => [body.length, ...body])] });
  const plain = await withLocals([0]);
  t.equal((await withLocals([1, ...leb(9_999), I32])) - plain, 624);
  t.equal((await withLocals([1, ...leb(9_999), 0x7b])) - plain, 1_249);
  t.equal((await withLocals([1, 15, I32])) - plain, 0, 'what most functions have costs nothing more');
  const sixteen = Array<number>(16).fill(I32);
  const constants = Array<readonly number[]>(16).fill([0x41, 0]).flat();
  const drops = Array<number>(16).fill(0x1a);
  const blocks = (count: number) =>
    usedBy({
      1: [...types.with(0, 6), 0x60, 16, ...sixteen, 16, ...sixteen],
      code: [...constants, ...Array<readonly number[]>(count).fill([0x02, 5, 0x0b]).flat(), ...drops, 0x42, 0],
    });
  const moved = (await blocks(128)) - (await blocks(0));
  t.ok(moved >= 64, `128 blocks of 16 values: ${moved}`);
  const chain = (...operator: readonly number[]) =>
    usedBy({ code: [...v128(), ...Array<readonly number[]>(64).fill(operator).flat(), 0x1a, 0x42, 0] });
  const ceil = await chain(0xfd, 0x75);
  for (const [name, second] of [
    ['f32x4.sqrt', 0xe3],
    ['f64x2.sqrt', 0xef],
  ] as const) {
    const used = await chain(0xfd, ...leb(second));
    t.ok(used - ceil >= 8, `${name}: ${used}, f64x2.ceil: ${ceil}`);
  }
});

t.test('of a branch, only the way that is taken is paid for', async (t) => {
  const nops = Array<number>(640).fill(0x01);
  const module = await compile(
    build({ code: [0x20, 1, 0x04, 0x40, ...nops, 0x05, ...nops, ...nops, 0x0b, 0x42, 0] }),
    options,
  );
  using instance = module.instantiate(quietHost());
  instance.call('on_message', Buffer.alloc(1));
  const long = instance.fuelUsed;
  instance.call('on_message', Buffer.alloc(0));
  t.match(
    [long, instance.fuelUsed].sort((a, b) => a - b),
    [12, 22],
  );
});

t.test('http waits for its answer, and no longer than the deadline', async (t) => {
  // The hook hands its input to http and gives back what that answered.
  const bytes = build({ imports: [['hpmq', 'http', 0, 2]], code: [0x20, 0, 0x20, 1, 0x10, 0] });
  const limits = { ...guestLimits, deadline: 50 };
  const module = await compile(bytes, { ...options, limits, grants: new Set(['http']) });
  t.equal(module.isAsync, true);
  const late = Promise.withResolvers<string>();
  const aborted: boolean[] = [];
  const host = {
    ...quietHost(),
    http: (request: string, signal: AbortSignal) => {
      signal.addEventListener('abort', () => aborted.push(true));
      return request === 'slow'
        ? late.promise
        : request === 'bad'
          ? Promise.reject(new Error('no route'))
          : Promise.resolve(`<${request}>`);
    },
  };
  using instance = module.instantiate(host);
  const ask = async (text: string) => (await instance.callAsync('on_message', Buffer.from(text)))?.toString();
  t.strictSame(await Promise.all([ask('a'), ask('b')]), ['<a>', '<b>'], 'one after the other');
  await t.rejects(ask('slow'), { name: 'FunctionTrap', trap: 'deadline' });
  t.ok(aborted.length >= 3, 'the wait is ended with the call');
  await t.rejects(ask('bad'), { name: 'FunctionTrap', trap: 'host', message: /no route/ });
  const next = ask('c');
  late.resolve('too late');
  t.equal(await next, '<c>', 'what comes late does not reach the next start');
});
