/** `npm run load -- [SCENARIO…] [--short] [--only FORM] [--entry dist/bin/hpmq.js]`: what one client may cost another, measured on real processes. */
import { playScenarios } from './program.js';
import { clients } from './scenarios/clients.js';
import { floods } from './scenarios/floods.js';
import { functions } from './scenarios/functions.js';
import { passwords } from './scenarios/passwords.js';
import { slowReaders } from './scenarios/slow-readers.js';

process.exit(await playScenarios({ clients, 'slow-readers': slowReaders, floods, passwords, functions }));
