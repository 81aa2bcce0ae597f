import { join } from 'node:path';
import t from 'tap';
import { needsAssemblyScript } from '../../../support/guests.js';
import { repoRoot } from '../../../support/peers.js';
import { assemblyScriptFunction, sdkContract } from '../../../support/sdk-contract.js';

t.test('with asc', needsAssemblyScript(), async () => {
  sdkContract('AssemblyScript', () => assemblyScriptFunction(join(repoRoot, 'test/guests/sdk.assemblyscript')));
});
