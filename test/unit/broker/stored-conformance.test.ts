/**
 * Parts of the conformance suite once more, by sessions that lie in a store. All of it, and the tests beside this one:
 * HPMQ_TEST_STORE=1. What holds only in memory then fails: limits that are kept at once, bytes without a record around
 * them, and Packet Identifiers that go round past one that is in use (ARCHITECTURE.md § Decisions).
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { withoutHooks } from '../../support/peers.js';

const run = promisify(execFile);

for (const name of ['flow-control', 'ordering', 'qos-2-sender', 'redelivery']) {
  t.test(name, async (t) => {
    const file = fileURLToPath(new URL(`../../conformance/${name}.test.js`, import.meta.url));
    const env = { ...process.env, HPMQ_TEST_STORE: '1' };
    const failed = await run(...withoutHooks(process.execPath, ['--enable-source-maps', file]), {
      env,
      maxBuffer: 16 << 20,
    }).then(
      ({ stdout }) => (/^1\.\.[1-9]/m.test(stdout) ? '' : `ran nothing: ${stdout}`),
      ({ stdout, stderr }: { stdout: string; stderr: string }) => stdout + stderr,
    );
    t.equal(failed, '');
  });
}
