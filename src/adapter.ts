/** The adapter SDK: the only file of src that adapters may import. */
export {
  type Adapter,
  type AdapterChecks,
  type Bus,
  type ConfigIssue,
  type Datagrams,
  type Device,
  defineAdapter,
  type Ear,
  type Finder,
  type FoundDevice,
  type FoundPoint,
  type Identity,
  type Point,
  type PortContext,
  type ProfileFiles,
  type Quality,
  type ReadCosts,
  type Reading,
  type Recording,
  type Replay,
  type Span,
  type Value,
} from './core/adapter.js';
export { type Clock, systemClock, type Timer } from './core/clock.js';
export { DURATION_PATTERN, parseDuration } from './core/duration.js';
export { type ErrorCatalogue, errorsOf, GatewayError } from './core/errors.js';
export { type Log, silentLog } from './core/log.js';
export type {
  PublishOptions,
  RunningServer,
  ServedDevice,
  ServedMessage,
  ServedPoint,
  ServedReference,
  ServedResult,
  ServedSample,
  ServedTopics,
  ServerContext,
  ServerFigures,
  ServerRole,
  TopicRights,
  Visitor,
} from './core/server-role.js';
export {
  type Address,
  characterTimeMs,
  type Endpoint,
  endpointName,
  type Rfc2217Endpoint,
  type SerialEndpoint,
  type TcpEndpoint,
} from './core/transport.js';
