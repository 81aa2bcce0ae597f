/** What runs first in a thread of the executable (src/store/start-worker.ts and its like). */
import { loadPart } from './load-part.js';

declare const PART: string;

loadPart(PART);
