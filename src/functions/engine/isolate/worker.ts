/** The other thread: prepares one module and ends, or runs isolated functions until it is ended. */
import { workerData } from 'node:worker_threads';
import { type PrepareData, prepareHere } from './prepare-job.js';
import type { ThreadData } from './protocol.js';
import { serve } from './serve.js';

const data = workerData as ThreadData | PrepareData;
if (data.job === 'prepare') prepareHere(data);
else serve(data);
