/** The adapter SDK: the only file of src that adapters may import. */
export {
  type Adapter,
  type AdapterChecks,
  type Bus,
  type ConfigIssue,
  type Datagrams,
  type Device,
  type Dissection,
  defineAdapter,
  type Ear,
  type Finder,
  type FoundDevice,
  type FoundPoint,
  type FrameFunctions,
  type Identity,
  type Point,
  type PortContext,
  type ProfileFiles,
  type Pushed,
  type Quality,
  type ReadCosts,
  type Reading,
  type Recording,
  type Replay,
  type Span,
  type Value,
  type WireBytes,
  type WireMessage,
  type WireTools,
} from './core/adapter.js';
export { type Clock, systemClock, type Timer } from './core/clock.js';
export { DURATION_PATTERN, parseDuration } from './core/duration.js';
export { type ErrorCatalogue, errorsOf, GatewayError } from './core/errors.js';
export type { Decoded, DecodedPoint, Encoded } from './core/function.js';
export { type Log, silentLog } from './core/log.js';
export { profileFilesOf, readProfileTexts } from './core/profile-files.js';
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
  type AdjustableWire,
  characterTimeMs,
  type Endpoint,
  endpointName,
  isAdjustable,
  type Rfc2217Endpoint,
  type SerialEndpoint,
  type TcpEndpoint,
} from './core/transport.js';
