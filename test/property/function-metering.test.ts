/** Metering changes nothing but the fuel: each guest gives the same answers before and after it was rewritten. */
import fc from 'fast-check';
import t from 'tap';
import { hpmqFunctions } from '../../src/functions/engine/abi/imports.js';
import { encodeMessageInput } from '../../src/functions/engine/abi/message-frames.js';
import { callWapc, type WapcCalls, wapcFunctions } from '../../src/functions/engine/abi/wapc.js';
import { wasiFunctions } from '../../src/functions/engine/abi/wasi.js';
import { Guest } from '../../src/functions/engine/guest.js';
import { prepare } from '../../src/functions/engine/prepare.js';
import { added } from '../../src/functions/engine/rewrite.js';
import {
  assemblyScriptGuest,
  cGuest,
  guestLimits,
  guestMessage,
  needsAssemblyScript,
  quietHost,
  wapcAssemblyScriptGuest,
} from '../support/guests.js';
import { needs } from '../support/peers.js';
import { needsQuickjs, quickjsGuest } from '../support/quickjs-guest.js';

type Run = (frame: Buffer) => string;
type Hook = (pointer: number, length: number) => bigint;

const host = {
  ...quietHost(),
  config: () => '{"a":1}',
  kvGet: () => Buffer.from('kept'),
  kvSet: () => true,
  kvDelete: () => {},
  publish: () => 0,
  pointRead: () => '{"v":1}',
  pointCommand: () => -1,
};

/** A guest run without the engine's care: what has no meters gets a stand-in. */
function run(bytes: Uint8Array, isMetered: boolean): Run {
  const module = new WebAssembly.Module(bytes);
  let guest: Guest | undefined;
  const which = () => guest!;
  const wapc: WapcCalls = wapcFunctions(which, host);
  const env = {
    abort: () => {
      throw new Error('abort');
    },
    seed: () => 1,
  };
  const imports = {
    hpmq: hpmqFunctions(which, host),
    wasi_snapshot_preview1: wasiFunctions(which, host),
    wapc: wapc.functions,
    env,
  };
  const { exports } = new WebAssembly.Instance(module, imports);
  const meters = { [added.fuel]: { value: 0x7fff_ffff }, [added.denied]: { value: 0 } };
  guest = new Guest(isMetered ? exports : ({ ...exports, ...meters } as unknown as WebAssembly.Exports));
  for (const name of [added.start, '_initialize']) (exports[name] as (() => void) | undefined)?.();
  return (frame) => {
    guest.fuel = 0x7fff_ffff;
    try {
      if (exports.__guest_call !== undefined) return `${callWapc(guest, wapc, frame, 1 << 20)?.toString('hex')}`;
      const result = (exports.on_message as unknown as Hook)(guest.put(frame), frame.length);
      const answer = guest.view(Number((result >> 32n) & 0xffff_ffffn), Number(result & 0xffff_ffffn)).toString('hex');
      (exports.hpmq_free as unknown as Hook)(Number(result >> 32n), Number(result & 0xffff_ffffn));
      return answer;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };
}

function metered(bytes: Buffer): Uint8Array {
  const limits = { ...guestLimits, memory: 64 * 1024 * 1024, fuel: 0x7fff_ffff };
  return prepare(bytes, limits, new Set(['kv', 'publish', 'points'])).bytes;
}

const payload = fc.oneof(
  fc.string().map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 2_000 }).map((bytes) => Buffer.from(bytes)),
);
const message = fc.record({
  payload,
  previous: fc.option(payload, { nil: undefined }),
  down: fc.boolean(),
  topic: fc.stringMatching(/^[a-z/]{1,20}$/),
});

const inC = needs('clang', 'wasm-ld');
const guests: readonly [name: string, options: { skip?: string }, build: () => Buffer][] = [
  ...['-O0', '-O1', '-O2', '-Oz'].map((level): [string, { skip?: string }, () => Buffer] => [
    `checksum.c ${level}`,
    inC,
    () => cGuest('checksum.c', [level]),
  ]),
  ['checksum.c with SIMD', inC, () => cGuest('checksum.c', ['-O3', '-msimd128'])],
  ['checksum.c with tail calls', inC, () => cGuest('checksum.c', ['-O2', '-mtail-call'])],
  [
    "checksum.c with all of clang's extensions",
    inC,
    () =>
      cGuest('checksum.c', [
        '-O2',
        '-msimd128',
        '-msign-ext',
        '-mnontrapping-fptoint',
        '-mmultivalue',
        '-mreference-types',
      ]),
  ],
  ['echo.c -O0', inC, () => cGuest('echo.c', ['-O0'])],
  ['capable.c', inC, () => cGuest('capable.c', ['-O2', '-DNO_RANDOM'])],
  ['waPC in C', inC, () => cGuest('wapc-bare.c', ['-O2'])],
  ['AssemblyScript', needsAssemblyScript(), () => assemblyScriptGuest('text.assemblyscript')],
  ['waPC in AssemblyScript', needsAssemblyScript(), wapcAssemblyScriptGuest],
];

for (const [name, options, build] of guests) {
  t.test(`the same with and without meters: ${name}`, options, async (t) => {
    const bytes = build();
    const before = run(bytes, false);
    const after = run(metered(bytes), true);
    let answers = 0;
    fc.assert(
      fc.property(message, ({ payload, previous, down, topic }) => {
        const frame = Buffer.from(
          encodeMessageInput(guestMessage({ payload, topic }), previous, down ? 'downstream' : 'upstream', 0),
        );
        const expected = before(frame);
        const found = after(frame);
        if (found !== expected) throw new Error(`${expected} without, ${found} with`);
        if (/^([0-9a-f]{2})+$/.test(found)) answers++;
      }),
      { numRuns: 300 },
    );
    t.ok(answers > 50, `${answers} of 300 were answered`);
  });
}

const programs = [
  '1 + 1',
  'JSON.stringify({ a: [1, 2.5, "x"], b: null })',
  'let s = 0; for (let i = 0; i < 20000; i++) s = (s * 31 + i) % 1000003; s',
  '"the quick brown fox".replace(/(\\w+) (\\w+)/g, "$2 $1").toUpperCase()',
  '[3, 1, 2].sort().map((x) => x ** 0.5).join()',
  'try { null.x } catch (e) { e.message }',
  '(function f(n) { return n < 2 ? n : f(n - 1) + f(n - 2) })(15)',
  'new Map([[1, 2]]).get(1) + 10n.toString() + Math.sin(1) + parseFloat("1e-7")',
  'syntax error here',
  'Object.entries({ a: 1, b: [2] }).flat(9).length + [...function* () { yield 1; yield 2 }()].length',
];

t.test('the same with and without meters: QuickJS runs JavaScript', needsQuickjs(), async (t) => {
  const bytes = quickjsGuest('-O0');
  const before = run(bytes, false);
  const after = run(metered(bytes), true);
  for (const program of programs) {
    const frame = Buffer.from(encodeMessageInput(guestMessage({ payload: program }), undefined, 'upstream', 0));
    const expected = before(frame);
    t.match(expected, /^([0-9a-f]{2})+$/, program);
    t.equal(after(frame), expected, program);
  }
  const endless = guestMessage({ payload: 'function g() { return g() } g()' });
  const frame = Buffer.from(encodeMessageInput(endless, undefined, 'upstream', 0));
  // Which of its stacks is full first, the guest's or the engine's, depends on what the engine has optimised by then.
  const full = /^(memory access out of bounds|Maximum call stack size exceeded)$/;
  t.match(before(frame), full, 'a stack that overflows');
  t.match(after(frame), full, 'a stack that overflows, metered');
});
