import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildJavaScript } from '../../../../src/functions/javascript/build.js';
import { repoRoot } from '../../../support/peers.js';
import { sdkContract } from '../../../support/sdk-contract.js';

const text = readFileSync(join(repoRoot, 'test/guests/sdk.javascript'), 'utf8');
sdkContract('JavaScript', () => buildJavaScript({ name: 'sdk.ts', text }));
