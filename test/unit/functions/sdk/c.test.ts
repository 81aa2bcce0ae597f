import { join } from 'node:path';
import t from 'tap';
import { needs, repoRoot } from '../../../support/peers.js';
import { cFunction, sdkContract } from '../../../support/sdk-contract.js';

t.test('with clang', needs('clang', 'wasm-ld'), async () => {
  sdkContract('C', () => cFunction(join(repoRoot, 'test/guests/sdk.c')));
});
