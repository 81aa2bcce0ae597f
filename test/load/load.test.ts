/** The short form of the load runs: tens of clients, nothing about time; `npm run load` is the long form. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { needs, repoRoot, withoutHooks } from '../support/peers.js';

const main = join(repoRoot, 'dist', 'test', 'load', 'main.js');
const load = (...args: readonly string[]) =>
  promisify(execFile)(...withoutHooks(process.execPath, [main, ...args, '--short']));

t.test('clients exchange messages and nothing is lost', async (t) => {
  const { stdout } = await load('clients');
  t.match(stdout, /^clients: ok {2}clients 40, .* delivered 1520,/);
});

t.test('readers that stop reading cost others nothing, and their books balance', async (t) => {
  const { stdout } = await load('slow-readers');
  t.equal(stdout.match(/^slow-readers .*: ok /gm)?.length, 4, stdout);
});

t.test('clients are served while another floods', async (t) => {
  const { stdout } = await load('floods');
  t.equal(stdout.match(/^floods .*: ok /gm)?.length, 5, stdout);
});

t.test('wrong passwords are refused, counted, and said once', async (t) => {
  const { stdout } = await load('passwords');
  t.match(stdout, /^passwords: ok {2}tries 60, refused 60, .* lines in the log 2, counted 60/);
});

t.test(
  'functions that misbehave are reported by name and cause, and the others are served',
  needs('clang', 'wasm-ld'),
  async (t) => {
    const { stdout } = await load('functions');
    t.equal(stdout.match(/^functions .*: ok /gm)?.length, 12, stdout);
  },
);

t.test('a scenario that does not exist is named', async (t) => {
  await t.rejects(load('none'), {
    code: 64,
    stderr: /unknown: none; known: clients, slow-readers, floods, passwords, functions/,
  });
});
