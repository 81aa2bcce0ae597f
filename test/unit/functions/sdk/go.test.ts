import { join } from 'node:path';
import t from 'tap';
import { needs, repoRoot } from '../../../support/peers.js';
import { goFunction, sdkContract } from '../../../support/sdk-contract.js';

t.test('with Go', { ...needs('go'), timeout: 180_000 }, async () => {
  // Its runtime, and what its garbage collector leaves.
  sdkContract('Go', () => goFunction(join(repoRoot, 'test/guests/sdk.go')), 16 * 1024 * 1024);
});
