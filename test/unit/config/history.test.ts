import t from 'tap';
import { createConfigSchema } from '../../../src/config/schema.js';
import { fakeAdapters } from '../../support/fake-adapters.js';

const inputs = { folder: '/', env: {}, hostName: 'plant' };
const schema = createConfigSchema(fakeAdapters, inputs);
const DAY = 86_400_000;

function issues(history: object): readonly string[] {
  const { error } = schema.safeParse({ history });
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message.replaceAll('\n', ' ')}`);
}

t.test('nothing is recorded unless it is asked for', async (t) => {
  t.equal(schema.parse({}).history, undefined);
});

t.test('asked for, it is all points, a month of samples and two years of hours', async (t) => {
  t.strictSame(schema.parse({ history: {} }).history, {
    points: ['*'],
    keep: 30 * DAY,
    keepHours: 730 * DAY,
    maxBytes: 1e9,
  });
});

t.test('patterns that name nothing are said', async (t) => {
  t.match(issues({ points: ['boiler'] }), [/^history\.points\.0: .*names no points/]);
  t.match(issues({ points: ['a/b/c'] }), [/names no points/]);
  t.match(issues({ points: [] }), [/^history\.points/]);
  t.match(issues({ points: ['*', 'boiler/temperature'] }), [/^history\.points\.1: there is no device "boiler"/]);
  t.strictSame(issues({ points: ['*/temperature', 'boil*/x'] }), []);
});

t.test('times and sizes out of range are refused', async (t) => {
  t.match(issues({ keep: '1s' }), [/^history\.keep: .*out of range/]);
  t.match(issues({ maxBytes: '1kB' }), [/^history\.maxBytes: /]);
  t.match(issues({ keepFor: '1d' }), [/keepFor/]);
});
