/** `npm run bench:devices -- [SCENARIO…] [--short] [--only FORM] [--entry dist/bin/hpmq.js]`: reading devices, measured on real processes and foreign slaves. */
import { playScenarios } from '../../load/program.js';
import { forecasts } from './forecasts.js';
import { points } from './points.js';
import { scattered } from './scattered.js';

process.exit(await playScenarios({ scattered, points, forecasts }));
