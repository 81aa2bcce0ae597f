/** The other thread: prepares or tries one module and ends, or runs isolated functions until it is ended. */
import { workerData } from 'node:worker_threads';
import { type PrepareData, prepareHere } from './prepare-job.js';
import type { ThreadData } from './protocol.js';
import { serve } from './serve.js';
import { type TrialData, tryHere } from './trial-job.js';

const data = workerData as ThreadData | PrepareData | TrialData;
if (data.job === 'prepare') prepareHere(data);
else if (data.job === 'trial') tryHere(data);
else serve(data);
