import t from 'tap';
import { linkNotes } from '../../../src/config/link-notes.js';
import { createConfigSchema } from '../../../src/config/schema.js';
import { fakeAdapters } from '../../support/fake-adapters.js';

const inputs = { folder: '/', env: {}, hostName: 'g' };

function notes(links: Record<string, { url?: string; routes: readonly object[] }>): readonly string[] {
  const document = Object.fromEntries(
    Object.entries(links).map(([name, link]) => [name, { type: 'mqtt', url: 'mqtt://far', ...link }]),
  );
  return linkNotes(createConfigSchema(fakeAdapters, inputs).parse({ links: document }).links, 'g');
}

const OUT = { direction: 'out', filter: 'hpmq/g/#', to: 'plants/7/{topic:2}' };
const CMD = { direction: 'in', filter: 'plants/7/cmd/#', to: 'hpmq/g/{topic:3}' };

t.test('routes that do not go round are not noted', async (t) => {
  t.strictSame(notes({ cloud: { routes: [OUT, CMD] } }), [], 'set-points come in and go out under another name');
  t.strictSame(notes({ cloud: { routes: [{ direction: 'both', filter: 'shared/#' }] } }), []);
  t.strictSame(
    notes({
      cloud: {
        routes: [
          { direction: 'out', filter: 'a/#' },
          { direction: 'in', filter: 'a/#' },
        ],
      },
    }),
    [],
  );
  t.strictSame(notes({ a: { routes: [OUT, CMD] }, b: { routes: [OUT] } }), []);
});

t.test('two links to one broker of which one sends what the other brings', async (t) => {
  const routes = {
    a: { routes: [{ direction: 'in', filter: 'x/#' }] },
    b: { routes: [{ direction: 'out', filter: 'x/+/#' }] },
  };
  t.match(notes(routes), [
    /^links\.b\.routes\[0\] sends what links\.a\.routes\[0\] brings back to the same broker.*`except`$/,
  ]);
  t.equal(notes({ ...routes, b: { ...routes.b, url: 'mqtt://far:1883' } }).length, 1);
  t.strictSame(notes({ ...routes, b: { ...routes.b, url: 'mqtt://other' } }), [], 'two brokers');
  t.strictSame(notes({ ...routes, b: { routes: [{ direction: 'out', filter: 'x/+/#', except: 'x/#' }] } }), []);
  const both = { routes: [{ direction: 'both', filter: 'l/#', from: 'l', to: 'f' }] };
  t.equal(notes({ a: both, b: both }).length, 2, 'each to the other');
});

t.test('one link whose names would change with each turn', async (t) => {
  const routes = [
    { direction: 'in', filter: 'a/#', to: 'b/{topic}' },
    { direction: 'out', filter: 'b/#', to: 'a/{topic}' },
  ];
  t.match(notes({ cloud: { routes } }), [
    /^links\.cloud\.routes\[0\] brings a\/b\/[abx/]+, which links\.cloud\.routes\[1\] would send as a\/b\/a\/b\//,
  ]);
});
