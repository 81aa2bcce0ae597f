/** What runs first in the executable. */
import { becomeDaemon } from './become-daemon.js';
import { printStackOnly } from './fatal-error.js';
import { loadPart } from './load-part.js';

becomeDaemon();
printStackOnly();
loadPart('program');
