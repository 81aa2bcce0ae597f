import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { startFakeGateway } from '../support/cli.js';
import { functionView } from '../support/function-view.js';

t.test('list, show and logs', async (t) => {
  const { run, view } = await startFakeGateway(t);
  t.match(
    (await run(['function', 'list'])).stdout,
    /FUNCTION +STATE +SINCE +CALLS\/S.*\nmask +up .* 120 +0\.009 .* 10 +upstream raw\/#, timer 10s/,
  );
  const { stdout } = await run(['function', 'show', 'mask']);
  for (const expected of [
    'function    mask',
    'called by   upstream raw/#',
    'module      hpmq-fn/1, inline: on_message, on_timer',
    'versions    * sha256:aaaaaaaaaaaa mask.wasm',
    'failed      10 fuel',
    'keeps       3 keys',
    'last        fuel: it took more than 5000000 steps',
  ]) {
    t.match(stdout, expected);
  }
  t.strictSame(JSON.parse((await run(['function', 'show', 'mask', '--json'])).stdout), view.fakeFunctions.views[0]);
  t.match((await run(['function', 'logs', 'mask'])).stdout, /info +started\n.*error fuel: it took/);
  t.notMatch((await run(['function', 'logs', 'mask', '-n', '1'])).stdout, 'started');
  const unknown = await run(['function', 'show', 'mas']);
  t.equal(unknown.code, 64);
  t.match(unknown.stderr, 'hint: did you mean mask?');
  view.fakeFunctions.views = [
    functionView(Date.now(), {
      state: 'open',
      error: { code: 'FUNCTION_BREAKER_OPEN', fault: 'config', message: 'it failed', hint: 'look' },
    }),
  ];
  t.match((await run(['function', 'show', 'mask'])).stdout, 'problem     it failed (FUNCTION_BREAKER_OPEN)');
  view.fakeFunctions.views = [];
  t.match((await run(['function', 'list'])).stderr, 'there are no functions in the configuration');
});

t.test('deploy, rollback, reload, pause, resume', async (t) => {
  const { run, view } = await startFakeGateway(t);
  const folder = t.testdir();
  writeFileSync(join(folder, 'new.wasm'), 'new');
  writeFileSync(join(folder, 'unfit.wasm'), 'unfit');
  t.match(
    (await run(['function', 'deploy', 'mask', join(folder, 'new.wasm')])).stdout,
    /versions +\* sha256:\w{12} new\.wasm/,
  );
  const unfit = await run(['function', 'deploy', 'mask', join(folder, 'unfit.wasm')]);
  t.equal(unfit.code, 78);
  t.match(unfit.stderr, 'it is no WebAssembly');
  t.match((await run(['function', 'deploy', 'mask', join(folder, 'none.wasm')])).stderr, /cannot read .*none\.wasm/);
  t.equal((await run(['function', 'rollback', 'mask', '--no-input'])).code, 64, 'nobody confirmed it');
  t.strictSame(view.fakeFunctions.changes, []);
  await run(['function', 'rollback', 'mask', '--yes']);
  await run(['function', 'reload', 'mask']);
  t.match((await run(['function', 'pause', 'mask'])).stdout, /state +paused/);
  t.match((await run(['function', 'resume', 'mask'])).stdout, /state +up/);
  t.strictSame(view.fakeFunctions.changes, ['rollback mask', 'reload mask', 'pause mask', 'resume mask']);
});
