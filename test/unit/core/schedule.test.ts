process.env.TZ = 'Europe/Berlin';

import t from 'tap';
import { parseSchedule, type Schedule } from '../../../src/core/schedule.js';

function schedule(...texts: string[]): Schedule {
  const parsed = parseSchedule(texts);
  if ('fault' in parsed) throw new Error(parsed.fault);
  return parsed;
}

/** Local time. 2026-11-23 is a Monday. */
const at = (text: string) => new Date(text).getTime();

t.test('windows of the day, also over midnight, and days of the week', async (t) => {
  const cases: readonly [texts: string[], open: string[], closed: string[]][] = [
    [['08:00-17:30'], ['2026-11-23T08:00', '2026-11-28T17:29:59'], ['2026-11-23T07:59:59', '2026-11-23T17:30']],
    [
      ['22:00-06:00'],
      ['2026-11-23T22:00', '2026-11-24T05:59', '2026-11-23T00:00'],
      ['2026-11-23T06:00', '2026-11-23T21:59'],
    ],
    [['20:00-24:00'], ['2026-11-23T23:59:59'], ['2026-11-24T00:00']],
    [['sat,sun'], ['2026-11-28T00:00', '2026-11-29T23:59'], ['2026-11-27T23:59', '2026-11-30T00:00']],
    // It belongs to the day on which it begins: Friday's night ends on Saturday morning.
    [
      ['Mon-Fri 18:00-07:00'],
      ['2026-11-27T18:00', '2026-11-28T06:59'],
      ['2026-11-28T07:00', '2026-11-28T18:00', '2026-11-23T06:59'],
    ],
    [['fri-mon'], ['2026-11-27T12:00', '2026-11-30T12:00'], ['2026-11-24T12:00', '2026-11-26T12:00']],
    [['01:00-02:00', '03:00-04:00'], ['2026-11-23T01:00', '2026-11-23T03:59'], ['2026-11-23T02:00']],
  ];
  for (const [texts, open, closed] of cases) {
    for (const time of open) t.ok(schedule(...texts).isOpen(at(time)), `${texts} at ${time}`);
    for (const time of closed) t.notOk(schedule(...texts).isOpen(at(time)), `${texts} at ${time}`);
  }
});

t.test('ranges as in crontab', async (t) => {
  const cases: readonly [text: string, open: string[], closed: string[]][] = [
    ['* 22-23,0-5 * * *', ['2026-11-23T22:00', '2026-11-23T05:59'], ['2026-11-23T06:00', '2026-11-23T21:59']],
    ['*/15 * * * *', ['2026-11-23T10:00', '2026-11-23T10:45:30'], ['2026-11-23T10:01', '2026-11-23T10:44']],
    ['0-9 8-18/2 * * mon-fri', ['2026-11-23T08:09', '2026-11-27T18:00'], ['2026-11-23T09:00', '2026-11-28T08:00']],
    ['* * 1 * *', ['2026-12-01T10:00'], ['2026-12-02T10:00']],
    ['* * * jan,jul *', ['2026-07-15T10:00'], ['2026-06-15T10:00']],
    // Both days are restricted: one is enough.
    ['* * 13 * 5', ['2026-11-13T10:00', '2026-11-27T10:00', '2026-12-13T10:00'], ['2026-11-26T10:00']],
    ['* * * * 7', ['2026-11-29T10:00'], ['2026-11-28T10:00']],
    ['30/10 * * * *', ['2026-11-29T10:30', '2026-11-29T10:50'], ['2026-11-29T10:20']],
  ];
  for (const [text, open, closed] of cases) {
    for (const time of open) t.ok(schedule(text).isOpen(at(time)), `${text} at ${time}`);
    for (const time of closed) t.notOk(schedule(text).isOpen(at(time)), `${text} at ${time}`);
  }
});

t.test('it is local time, also when the clock is put on and back', async (t) => {
  const night = schedule('02:30-03:30');
  // 2026-03-29: from 2:00 to 3:00; 2026-10-25: at 3:00 back to 2:00.
  t.notOk(night.isOpen(Date.parse('2026-03-29T00:59Z')));
  t.ok(night.isOpen(Date.parse('2026-03-29T01:00Z')), '3:00');
  t.ok(night.isOpen(Date.parse('2026-10-25T00:30Z')), '2:30 in summer');
  t.notOk(night.isOpen(Date.parse('2026-10-25T01:00Z')), '2:00 again');
  t.ok(night.isOpen(Date.parse('2026-10-25T01:30Z')), '2:30 again');
});

t.test('the next change is the minute at which it is otherwise, or a day ahead', async (t) => {
  const night = schedule('22:00-06:00');
  t.equal(night.nextChange(at('2026-11-23T21:00:30')), at('2026-11-23T22:00'));
  t.equal(night.nextChange(at('2026-11-23T22:00')), at('2026-11-24T06:00'));
  t.equal(schedule('* * 1 1 *').nextChange(at('2026-11-23T21:00')), at('2026-11-24T21:00'));
  for (const [from, minutes] of [
    ['2026-11-23T00:00', 1_500],
    ['2026-10-24T23:00', 400],
  ] as const) {
    const busy = schedule('*/7 3,5-6 * * *', '12:10-12:20');
    for (let i = 0; i < minutes; i++) {
      const now = at(from) + i * 60_000;
      const next = busy.nextChange(now);
      t.ok(next > now);
      for (let time = now; time < next; time += 60_000) {
        if (busy.isOpen(time) !== busy.isOpen(now)) t.fail(`changed at ${time}, before ${next}`);
      }
    }
  }
});

t.test('what is not understood is named', async (t) => {
  const cases: readonly [string[], number, RegExp][] = [
    [['nights'], 0, /"nights" is neither days nor times/],
    [['sat', '25:00-26:00'], 1, /"25:00-26:00" are no times of a day/],
    [['22:00'], 0, /neither/],
    [['22:60-23:00'], 0, /no times/],
    [['10:00-10:00'], 0, /begins when it ends/],
    [['10:00-11:00 sat'], 0, /"sat" is one word too many/],
    [['sat mon 10:00-11:00'], 0, /too many/],
    [['1-5'], 0, /neither/],
    [['* 24 * * *'], 0, /"24" is no hour from 0 to 23/],
    [['* * 0 * *'], 0, /no day of the month/],
    [['*/0 * * * *'], 0, /no minute/],
    [['5-1 * * * *'], 0, /no minute/],
    [['* * * * mon-'], 0, /no day of the week/],
    [[''], 0, /neither/],
  ];
  for (const [texts, index, fault] of cases) t.match(parseSchedule(texts), { index, fault }, texts.join(' | '));
});
