/** What the guest of every SDK (test/guests/sdk.*) gives: all hooks, through the engine's own frames. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { type ConnectRequest, FunctionTrap, type Hook, hooks } from '../../src/core/function.js';
import type { Message } from '../../src/core/message.js';
import { compile } from '../../src/functions/engine/module.js';
import { readDecision, readFrames, readMessages, readPoints } from '../../src/functions/frame-reader.js';
import { connectFrame, decodeFrame, encodeFrame, messageFrame, timeFrame } from '../../src/functions/frame-writer.js';
import { guestLimits, guestMessage, quietHost } from './guests.js';
import { repoRoot } from './peers.js';

const sdk = join(repoRoot, 'functions-sdk');

/** The flags that the header names. */
export function cFunction(source: string): Buffer {
  return built((output) => {
    const flags = '--target=wasm32 -Xclang -Os -mbulk-memory -ffreestanding -nostdlib -Wall -Wextra -Werror'.split(' ');
    const link = ['-Wno-unused-function', '-Wl,--no-entry', '-Wl,--strip-all'];
    execFileSync('clang', [...flags, ...link, '-I', join(sdk, 'c'), '-o', output, source], { stdio: 'pipe' });
  });
}

export function assemblyScriptFunction(source: string): Buffer {
  return built((output, work) => {
    copyFileSync(join(sdk, 'assemblyscript', 'hpmq.ts'), join(work, 'hpmq.ts'));
    copyFileSync(source, join(work, 'index.ts'));
    const asc = '/opt/hpmq-test-peers/wasm-guests/node_modules/assemblyscript/bin/asc.js';
    const options = ['--baseDir', work, '-O3', '--runtime', 'incremental', '-o', output];
    execFileSync(process.execPath, [asc, 'index.ts', ...options], { stdio: 'pipe' });
  });
}

/** The command that the template names. */
export function goFunction(source: string): Buffer {
  return built((output, work) => {
    mkdirSync(join(work, 'hpmq'));
    copyFileSync(join(sdk, 'go', 'hpmq.go'), join(work, 'hpmq', 'hpmq.go'));
    copyFileSync(source, join(work, 'function.go'));
    writeFileSync(join(work, 'go.mod'), 'module example.com/sdk\n\ngo 1.24\n');
    const flags = ['-buildmode=c-shared', '-trimpath', '-ldflags=-s -w', '-o', output, '.'];
    const env = { ...process.env, GOOS: 'wasip1', GOARCH: 'wasm' };
    execFileSync('go', ['build', ...flags], { cwd: work, env, stdio: 'pipe' });
  });
}

function built(make: (output: string, work: string) => void): Buffer {
  const work = mkdtempSync(join(tmpdir(), 'hpmq-sdk-'));
  try {
    const output = join(work, 'function.wasm');
    make(output, work);
    return readFileSync(output);
  } finally {
    rmSync(work, { recursive: true });
  }
}

export function sdkContract(language: string, bytes: () => Buffer | Promise<Buffer>, memory = 4_000_000): void {
  t.test(`the ${language} SDK`, async (t) => {
    const limits = { ...guestLimits, memory: Math.max(memory, guestLimits.memory) };
    const module = await compile(await bytes(), { limits, grants: new Set(), isolate: 'inline' });
    t.strictSame([...module.hooks].toSorted(), hooks.toSorted());
    t.strictSame([...module.needs], [], 'what is not used is not imported');
    const instance = module.instantiate({
      ...quietHost(),
      config: (key) => (key === 'factor' ? '2.25' : undefined),
    });
    t.teardown(() => instance[Symbol.dispose]());
    const call = (hook: Hook, frame: Buffer): Buffer | undefined => instance.call(hook, Buffer.from(frame));

    t.test('messages', async (t) => {
      const properties = { contentType: 'application/cbor', userProperties: [['site', 'north']] } as const;
      const one = guestMessage({
        topic: 'gerät/1',
        payload: Buffer.from([0, 255, 0x7b]),
        qos: 1,
        retain: true,
        properties,
      });
      const messages = (message: Message, previous: Buffer | undefined) =>
        readMessages(call('on_message', messageFrame(message, previous, 0, 0)), 100);
      const same = { topic: 'gerät/1', qos: 1, retain: true, properties };
      const expected = [
        { ...same, payload: Buffer.from('{"f":2.25}') },
        { ...same, payload: one.payload },
      ];
      t.match(messages(one, Buffer.from('other')), expected, 'QoS, retain and properties are handed on');
      t.strictSame(messages(one, one.payload), [], 'the same as before: nothing');
      const empty = guestMessage({ payload: '' });
      t.match(messages(empty, undefined), { length: 2 }, 'nothing before is not an empty payload');
      const large = guestMessage({ payload: Buffer.alloc(100_000, 1) });
      for (let left = 200; left > 0; left--) messages(large, undefined);
      t.ok(instance.memory < memory, 'what a call took is free again');
    });

    t.test('frames of devices', async (t) => {
      t.match(readPoints(call('on_decode', decodeFrame('scale', Buffer.from([5])))), [
        { point: 'w', value: 2.5 },
        { point: 'x', value: undefined, why: 'overload' },
      ]);
      t.strictSame(readFrames(call('on_encode', encodeFrame('scale', 'tare', 1.5))), [Buffer.from('tare')]);
      const refused = () => call('on_encode', encodeFrame('scale', 'tare', 'x'));
      t.throws(refused, { name: FunctionTrap.name, trap: 'refused' });
    });

    t.test('clients and time', async (t) => {
      const ask = (userName: string | undefined) =>
        readDecision(call('on_connect', connectFrame({ ...client, userName })));
      t.strictSame(ask('bob'), { decision: 'allow', reason: 'by name' });
      t.strictSame(ask('eve'), { decision: 'deny', reason: 'by name' });
      t.strictSame(ask(undefined), { decision: 'deny', reason: 'by name' });
      for (const hook of ['on_timer', 'on_start'] as const) {
        const out = readMessages(call(hook, timeFrame(1_700_000_000_123)), 100);
        t.match(out, [{ topic: 't', payload: Buffer.from('1700000000123'), qos: 0, retain: false }]);
      }
    });
  });
}

const client: ConnectRequest = {
  clientId: 'c',
  userName: undefined,
  password: undefined,
  listener: 'main',
  address: '127.0.0.1',
  protocolVersion: 5,
  certificateName: undefined,
};
