import t from 'tap';
import { forecast } from '../../../src/core/bus-time.js';

const group = (every: number, requests: number, ms: number) => ({ every, exchanges: Array(requests).fill(ms) });

t.test('what fits keeps its beat', async (t) => {
  const { load, cycleMs, devices } = forecast([[group(1_000, 4, 50)], [group(500, 2, 100)]]);
  t.equal(load, 0.2 + 0.4);
  t.equal(cycleMs, 400);
  t.strictSame(devices[0], {
    cycleMs: 200,
    load: 0.2,
    groups: [{ every: 1_000, requests: 4, cycleMs: 200, needsMs: 200 }],
  });
});

t.test('this needs 1.4 s, you asked for 1 s', async (t) => {
  const one = forecast([[group(1_000, 14, 100)]]);
  t.match(one, { load: 1.4, devices: [{ groups: [{ needsMs: 1_400 }] }] });
  const two = forecast([[group(1_000, 7, 100)], [group(1_000, 7, 100)]]);
  t.match(two, { load: 1.4, devices: [{ groups: [{ needsMs: 1_400 }] }, { groups: [{ needsMs: 1_400 }] }] });
  t.match(forecast([[group(1_000, 10, 100)]]), { load: 1, devices: [{ groups: [{ needsMs: 1_000 }] }] });
});

t.test('what is read seldom keeps its beat, what is read often takes what is left', async (t) => {
  const { devices } = forecast([[group(100, 2, 100), group(10_000, 10, 100)]]);
  const [fast, slow] = devices[0]!.groups;
  t.equal(Math.round(fast!.needsMs), 222, '200 ms in 90 % of the time');
  t.equal(slow!.needsMs, 1_000);
});

t.test('a device that asks for little is not slowed by one that asks for too much', async (t) => {
  const { devices } = forecast([[group(100, 3, 100)], [group(1_000, 2, 100)]]);
  t.equal(Math.round(devices[0]!.groups[0]!.needsMs), 375, '300 ms in 80 % of the time');
  t.equal(devices[1]!.groups[0]!.needsMs, 200);
  const three = forecast([[group(100, 1, 100)], [group(100, 1, 300)], [group(1_000, 1, 1)]]);
  t.equal(Math.round(three.devices[0]!.groups[0]!.needsMs), 200, 'half of what the third leaves');
  t.equal(Math.round(three.devices[1]!.groups[0]!.needsMs), 601);
});

t.test('several exchanges at a time', async (t) => {
  t.match(forecast([[group(1_000, 14, 100)]], 4), { load: 0.35, cycleMs: 350 });
});

t.test('nothing to read', async (t) => {
  t.strictSame(forecast([]), { cycleMs: 0, load: 0, devices: [] });
  t.match(forecast([[]]), { devices: [{ cycleMs: 0, load: 0, groups: [] }] });
});
