import t from 'tap';
import { EchoGuard } from '../../../src/links/echo.js';
import { ManualClock } from '../../support/manual-clock.js';

const payload = (text: string) => Buffer.from(text);

t.test('without No Local a live message is recognised once for each time it was sent', async (t) => {
  const clock = new ManualClock();
  const echo = new EchoGuard(clock, false);
  echo.remember('a', payload('1'), false);
  echo.remember('a', payload('1'), false);
  t.notOk(echo.isEcho('a', payload('2'), false), 'another payload');
  t.notOk(echo.isEcho('b', payload('1'), false), 'another topic');
  t.ok(echo.isEcho('a', payload('1'), false));
  t.ok(echo.isEcho('a', payload('1'), false));
  t.notOk(echo.isEcho('a', payload('1'), false), 'now it is somebody else');
  t.equal(echo.size, 0);

  echo.remember('a', payload('1'), false);
  await clock.advance(60_000);
  t.notOk(echo.isEcho('a', payload('1'), false), 'too late to be an echo');
  echo.remember('a', payload('1'), false);
  echo.disconnected();
  t.notOk(echo.isEcho('a', payload('1'), false), 'the subscription was gone');
});

t.test('with No Local only retained messages are remembered', async (t) => {
  const echo = new EchoGuard(new ManualClock(), true);
  echo.remember('a', payload('1'), false);
  t.equal(echo.size, 0);
  echo.remember('a', payload('1'), true);
  echo.remember('a', payload('2'), true);
  echo.disconnected();
  t.ok(echo.isEcho('a', payload('2'), true), 'our own retained message after a reconnect');
  t.ok(echo.isEcho('a', payload('2'), true), 'and after the next');
  t.notOk(echo.isEcho('a', payload('3'), true), 'somebody else wrote it');
  t.notOk(echo.isEcho('a', payload('2'), true), 'after that our old value is news');
});

t.test('memory is bounded', async (t) => {
  const echo = new EchoGuard(new ManualClock(), false);
  for (let i = 0; i < 10_000; i++) echo.remember(`t/${i}`, payload('x'), true);
  t.equal(echo.size, 2 * 4_096);
  t.notOk(echo.isEcho('t/0', payload('x'), false), 'the oldest went');
  t.ok(echo.isEcho('t/9999', payload('x'), false));
});
