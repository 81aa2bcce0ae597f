/** Profiles that an adapter brings along, against their recordings. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Adapter } from '../../src/adapter.js';
import { ProfileLibrary } from '../../src/config/profiles/library.js';
import { parseRecordedTest } from '../../src/config/profiles/test-file.js';
import { testProfile } from '../../src/profile-test.js';
import { repoRoot } from './peers.js';

/** @param atLeast - so many profiles */
export function testShippedProfiles(adapter: Adapter, atLeast: number): void {
  const library = new ProfileLibrary([adapter], [], repoRoot);
  const names = library.list().map(({ name }) => name);

  t.test('there are enough profiles, each in the place of its name', async (t) => {
    t.ok(names.length >= atLeast, names.join(' '));
    for (const name of names) {
      t.equal(library.get(name)?.name, name);
      const text = readFileSync(join(repoRoot, 'adapters', adapter.type, 'profiles', `${name}.yaml`), 'utf8');
      t.equal(adapter.profiles?.profile(name), text, 'what is compiled is what the source says');
    }
  });

  for (const name of names) {
    t.test(`${name}: each point is read from recorded frames, with its value and unit`, async (t) => {
      const profile = library.get(name)!;
      const recorded = library.test(name);
      if (recorded === undefined) throw new Error(`${name} has no recordings`);
      const result = await testProfile(profile, parseRecordedTest(recorded.shown, recorded.bytes, name), [adapter]);
      for (const { title, points, error, exchanges, repeated } of result.recordings) {
        t.equal(error, undefined, title);
        for (const { point, expected, found, ok } of points)
          t.ok(ok, `${point}: ${found}, expected ${expected} (${title})`);
        t.equal(repeated, exchanges, `${title}: the recorded requests are those that are asked, byte for byte`);
      }
      t.strictSame(result.untested, [], 'every point has a recording');
    });
  }
}
