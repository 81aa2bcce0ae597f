/** What a person sees who has a terminal: colours, tables cut to its width, questions. */
import t, { type Test } from 'tap';
import { plainEnv, startFakeGateway } from '../support/cli.js';
import { hpmqEntry } from '../support/gateway.js';
import { needs, startPeer } from '../support/peers.js';

/** Runs the command line on a pseudo-terminal of 60 columns. */
function onTerminal(t: Test, socket: string, args: string, env: Record<string, string> = {}) {
  const command = `stty cols 60; unset FORCE_COLOR; ${process.execPath} ${hpmqEntry} --socket ${socket} ${args}; echo "code=$?"`;
  return startPeer(t, 'socat', ['-', `SYSTEM:'${command}',pty,setsid,ctty,stderr`], { env: { ...plainEnv, ...env } });
}

t.test('tables are cut to the terminal and coloured, unless it is unwanted', needs('socat', 'stty'), async (t) => {
  const { socket } = await startFakeGateway(t);
  const colored = onTerminal(t, socket, 'point list');
  await colored.sees(/code=0/);
  t.match(colored.stdout(), '\u001b[31mbad');
  t.match(colored.stdout(), '…');
  const plain = onTerminal(t, socket, 'point list', { NO_COLOR: '1' });
  await plain.sees(/code=0/);
  t.notMatch(plain.stdout(), '\u001b[31m');
  for (const line of plain.stdout().split('\r\n')) t.ok([...line].length <= 60, line);
});

t.test('a critical point asks for its name', needs('socat', 'stty'), async (t) => {
  const { socket, view } = await startFakeGateway(t);
  const wrong = onTerminal(t, socket, 'point write boiler.release 1');
  await wrong.sees(/is critical\. Type its name to write 1: /);
  wrong.write('yes\n');
  await wrong.sees(/nothing was written[\s\S]*code=64/);
  t.strictSame(view.written, []);
  const right = onTerminal(t, socket, 'point write boiler.release 1');
  await right.sees(/Type its name/);
  right.write('release\n');
  await right.sees(/verified 1\s+code=0/);
  t.match(view.written, [{ point: 'release', value: 1 }]);
  for (const key of ['\u0003', '\u0004']) {
    const left = onTerminal(t, socket, 'point write boiler.release 1');
    await left.sees(/Type its name/);
    left.write(key);
    await left.sees(/code=/);
    t.match(left.stdout(), /\n.*error:.* nothing was written[\s\S]*code=64/, 'Ctrl-C and Ctrl-D: nobody confirmed');
  }
  t.equal(view.written.length, 1);
});
