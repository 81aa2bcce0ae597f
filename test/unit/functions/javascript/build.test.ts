/** JavaScript functions: what becomes of a source, what is said of one that is wrong, and how calls end. */
import t from 'tap';
import { type Capability, FunctionTrap, type HostCalls } from '../../../../src/core/function.js';
import { compile } from '../../../../src/functions/engine/module.js';
import { readMessages } from '../../../../src/functions/frame-reader.js';
import { messageFrame } from '../../../../src/functions/frame-writer.js';
import { buildJavaScript } from '../../../../src/functions/javascript/build.js';
import { guestLimits, guestMessage, quietHost } from '../../../support/guests.js';

const importsOf = (bytes: Buffer) =>
  WebAssembly.Module.imports(new WebAssembly.Module(new Uint8Array(bytes)))
    .map(({ module, name }) => `${module}.${name}`)
    .toSorted();
const exportsOf = (bytes: Buffer) =>
  WebAssembly.Module.exports(new WebAssembly.Module(new Uint8Array(bytes)))
    .map(({ name }) => name)
    .toSorted();
const always = ['env.abort', 'hpmq.config', 'hpmq.log', 'hpmq.now', 'hpmq.random'];

async function open(text: string, host: Partial<HostCalls> = {}, grants: readonly Capability[] = []) {
  const bytes = await buildJavaScript({ name: 'function.ts', text });
  const log: string[] = [];
  const module = await compile(bytes, { limits: guestLimits, grants: new Set(grants), isolate: 'inline' });
  const instance = module.instantiate({ ...quietHost(log), ...host });
  const call = async (payload: string, previous?: string) => {
    const before = previous === undefined ? undefined : Buffer.from(previous);
    const frame = Buffer.from(messageFrame(guestMessage({ payload }), before, 0, 0));
    const answer = module.isAsync ? await instance.callAsync('on_message', frame) : instance.call('on_message', frame);
    const messages = readMessages(answer, 100);
    if (!Array.isArray(messages)) throw new Error(JSON.stringify(messages));
    return messages.map(({ topic, payload, qos, retain }) => `${topic} ${payload} ${qos} ${retain}`);
  };
  return { call, instance, log, module };
}

t.test('a module has the hooks and imports of its source, and the same bytes each time', async (t) => {
  const text = 'export const onMessage = (message) => message; export function onTimer() {}';
  const bytes = await buildJavaScript({ name: 'a.js', text });
  t.strictSame(exportsOf(bytes), ['hpmq_abi', 'hpmq_alloc', 'hpmq_free', 'memory', 'on_message', 'on_timer']);
  t.strictSame(importsOf(bytes), always);
  t.ok(bytes.equals(await buildJavaScript({ name: 'a.js', text })));
  const needy = await buildJavaScript({ name: 'a.js', text: `${text}; export const needs = ['kv', 'http'];` });
  t.strictSame(importsOf(needy), [...always, 'hpmq.http', 'hpmq.kv_delete', 'hpmq.kv_get', 'hpmq.kv_set'].toSorted());
  const refused = compile(needy, { limits: guestLimits, grants: new Set(['http']), isolate: 'inline' });
  await t.rejects(refused, { code: 'FUNCTION_NOT_GRANTED' }, 'before any of its code runs');
});

t.test('what is wrong with a source is told with file and line', async (t) => {
  const failing: readonly (readonly [string, string, string])[] = [
    ['a.js', 'export function onMessage(m) {\n  return m +;\n}', 'a.js:2: SyntaxError: '],
    ['a.ts', '\n\nexport function onMessage(m: string {', 'a.ts:3: '],
    ['a.ts', 'enum A { B }\nexport const onMessage = () => null;', 'a.ts:1: TypeScript enum is not supported'],
    ['a.js', '\nfoo();\nexport function onMessage() {}', "a.js:2: ReferenceError: 'foo' is not defined"],
    ['a.js', '\n\nhpmq.now();\nexport function onMessage() {}', 'a.js:3: TypeError: hpmq.now() is not there while'],
    ['a.js', 'import "./no.js"; export const onMessage = () => null', "there is no module 'no.js'"],
    ['a.js', 'import { x } from "./lib.js"; export const onMessage = x', 'lib.js:2: SyntaxError'],
    ['a.js', 'export const needs = ["fs"]; export const onMessage = () => null', "needs: 'fs' is none of kv"],
    ['a.js', 'const f = () => f() + 1; f(); export const onMessage = f', 'it calls itself too deep'],
  ];
  const read = (path: string) => (path === 'lib.js' ? '\nexport const x = ;' : undefined);
  for (const [name, text, message] of failing) {
    const found: unknown = await buildJavaScript({ name, text, read }).catch((error: unknown) => error);
    t.match(found, { code: 'FUNCTION_SOURCE' }, text);
    t.ok((found as Error).message.includes(message), (found as Error).message);
  }
  await t.rejects(buildJavaScript({ name: 'a.js', text: 'export const x = 1' }), { code: 'FUNCTION_EXPORT_MISSING' });
});

t.test('a failed call is named by its cause, and the next one is a new beginning', async (t) => {
  const { call, log } = await open(`
    let calls = 0;
    function deep(n: number): number { return deep(n + 1) + 1; }
    export function onMessage(message: Message): Outputs {
      calls++;
      switch (message.text()) {
        case 'throw': return (null as any).x;
        case 'reject': return Promise.reject(new Error('later')) as any;
        case 'never': return new Promise(() => {}) as any;
        case 'spin': for (;;);
        case 'regex': return /^(a+)+$/.test('a'.repeat(40) + 'b') ? null : message;
        case 'deep': return { payload: deep(0) };
        case 'bomb': { const list: any[] = []; for (;;) list.push(new Uint8Array(100_000)); }
        case 'long': return { payload: 'x'.repeat(2 ** 29) };
        case 'number': return 5 as any;
        case 'qos': return { qos: 3 as any };
        case 'topic': return { topic: 5 as any };
        default: return { payload: calls };
      }
    }`);
  const endings = {
    throw: ['unreachable', "TypeError: cannot read property 'x' of null (function.ts:7)"],
    reject: ['unreachable', 'Error: later (function.ts:8)'],
    never: ['unreachable', 'never settled'],
    spin: ['fuel', ''],
    regex: ['fuel', ''],
    deep: ['stack', ''],
    bomb: ['memory', ''],
    long: ['memory', ''],
    number: ['unreachable', 'a message is an object'],
    qos: ['unreachable', 'qos is 3'],
    topic: ['unreachable', 'the topic of a message has to be a text'],
  } as const;
  for (const [payload, [trap, message]] of Object.entries(endings)) {
    const found: unknown = await call(payload).catch((error: unknown) => error);
    t.ok(found instanceof FunctionTrap, payload);
    t.equal((found as FunctionTrap).trap, trap, payload);
    t.ok((found as Error).message.includes(message), `${payload}: ${(found as Error).message}`);
  }
  t.match(log[0], /^TypeError: cannot read property 'x' of null\n {4}at onMessage \(function\.ts:7\)$/);
  t.strictSame(await call('next'), ['a/b 1 0 false'], 'nothing of before is left');
  t.strictSame(await call('next'), ['a/b 2 0 false'], 'without a trap everything stays');
});

t.test('messages: what is left out stays as it was, payloads of every kind', async (t) => {
  const given = async (result: string) =>
    (await open(`export const onMessage = (message, context) => (${result});`)).call('{"a":1}', 'before');
  t.strictSame(await given('message'), ['a/b {"a":1} 0 false']);
  t.strictSame(await given('({ topic: "x" })'), ['x {"a":1} 0 false']);
  t.strictSame(await given('({ ...message, topic: "x", qos: 2, retain: true })'), ['x {"a":1} 2 true']);
  t.strictSame(await given('({ payload: { b: message.json().a + 1 } })'), ['a/b {"b":2} 0 false']);
  t.strictSame(await given('({ payload: new Uint8Array([104, 105]) })'), ['a/b hi 0 false']);
  t.strictSame(await given('({ payload: new Uint8Array([104, 105, 33]).subarray(1).buffer.slice(2) })'), [
    'a/b ! 0 false',
  ]);
  t.strictSame(await given('[null, message].slice(1).concat({ payload: context.previousText() })'), [
    'a/b {"a":1} 0 false',
    'a/b before 0 false',
  ]);
  t.strictSame(await given('({ payload: new TextDecoder().decode(context.previous) + context.origin })'), [
    'a/b beforeclient:line-3 0 false',
  ]);
  t.strictSame(await given('(message.payload[0] = 91, message)'), ['a/b ["a":1} 0 false']);
  t.strictSame(await given('undefined'), []);
  t.strictSame(await given('Promise.resolve().then(() => ({ payload: "later" }))'), ['a/b later 0 false']);
});

t.test('a message that is kept is whole in a later call', async (t) => {
  const { call } = await open(`
    let first;
    export const onMessage = (message) => { first ??= message; return { payload: first.text() + first.payload.length }; };`);
  await call('first');
  for (let left = 100; left > 0; left--) await call('x'.repeat(left * 10));
  t.strictSame(await call('other'), ['a/b first5 0 false']);
});

t.test('what was granted can be called, what was not asked for cannot', async (t) => {
  const kv = new Map<string, Buffer>();
  const host: Partial<HostCalls> = {
    kvGet: (key) => kv.get(key),
    kvSet: (key, value) => kv.set(key, value).size < 3,
    kvDelete: (key) => void kv.delete(key),
    pointRead: (name) => (name === 'plc/t' ? '{"v":1.5,"q":"good","t":1}' : undefined),
    pointCommand: (_name, value) => (value === '"on"' ? 0 : -1),
    http: async (request) => JSON.stringify({ status: 200, body: request }),
    config: (key) => (key === 'list' ? '[1,2]' : undefined),
  };
  const source = `
    export const needs = ['kv', 'points', 'http'];
    export function onMessage() {
      const { kv, point } = hpmq;
      const all = [kv.get('a') === undefined, kv.set('a', { b: 1 }), kv.getJson('a').b, kv.set('b', 'c'), kv.getText('b')];
      kv.delete('a');
      all.push(kv.get('a') === undefined, kv.get('b').length, hpmq.config('list').length, hpmq.config('no') === undefined);
      all.push(point.read('plc/t').v, point.read('plc/x') === undefined, point.command('plc/t', 'on'), point.command('plc/t', 1));
      all.push(hpmq.now(), hpmq.random(5).length, Math.random() !== Math.random(), Date.now(), hpmq.http('http://x/').body);
      console.warn('text', { a: 1 }, 5);
      return { payload: JSON.stringify(all) };
    }`;
  const { call, log, module } = await open(source, host, ['kv', 'points', 'http']);
  t.strictSame([...module.needs].toSorted(), ['http', 'kv', 'points']);
  t.strictSame(await call(''), [
    'a/b [true,true,1,true,"c",true,1,2,true,1.5,true,0,-1,1700000000000,5,true,1700000000000,"{\\"url\\":\\"http://x/\\"}"] 0 false',
  ]);
  t.strictSame(log, ['text {"a":1} 5']);
  const without = await open('export const onMessage = () => hpmq.kv.get("a")');
  await t.rejects(without.call(''), /hpmq\.kv is not there: export const needs = \['kv'\]/);
});

t.test('two instances do not draw the same random numbers', async (t) => {
  const { call, module } = await open('export const onMessage = () => ({ payload: Math.random() })');
  const other = module.instantiate(quietHost());
  const frame = Buffer.from(messageFrame(guestMessage(), undefined, 0, 0));
  t.notSame(await call(''), readMessages(other.call('on_message', frame), 1));
});

t.test('memory does not grow with the number of calls', async (t) => {
  const { call, instance } = await open(
    'export const onMessage = (m) => { const o = { m }; o.self = o; return { payload: m.text() } }',
  );
  for (let left = 2_000; left > 0; left--) await call('x'.repeat(500));
  t.ok(instance.memory < 2_000_000, `${instance.memory} bytes`);
});
