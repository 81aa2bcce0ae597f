import type { Scenario } from '../../load/scenario.js';
export const forecasts: Scenario = async function* () {};
