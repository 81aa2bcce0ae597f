import {
  defineAdapter
} from "./core/adapter.js";
import { systemClock } from "./core/clock.js";
import { DURATION_PATTERN, parseDuration } from "./core/duration.js";
import { errorsOf, GatewayError } from "./core/errors.js";
import { silentLog } from "./core/log.js";
import {
  characterTimeMs,
  endpointName
} from "./core/transport.js";
export {
  DURATION_PATTERN,
  GatewayError,
  characterTimeMs,
  defineAdapter,
  endpointName,
  errorsOf,
  parseDuration,
  silentLog,
  systemClock
};
//# sourceMappingURL=adapter.js.map
