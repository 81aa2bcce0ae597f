/** What people are shown of running ports and devices: plain data, made when someone looks. */
import type { AnyAdapter } from '../core/adapter.js';
import type { PortConfig } from '../core/config.js';
import { errorView, type GatewayError } from '../core/errors.js';
import { planViews } from '../core/plan-views.js';
import { endpointName } from '../core/transport.js';
import type { AlarmView, DeviceView, PlanSummary, PlanView, PortView, RecordingView } from '../core/views.js';
import type { Commands } from './commands.js';
import type { Port } from './port.js';
import type { ExchangeStats } from './stats.js';
import type { Supervisor } from './supervisor.js';

export interface RunningPort {
  readonly config: PortConfig;
  /** undefined: no device uses it, it is not opened. */
  readonly port: Port | undefined;
  readonly commands: Commands;
  readonly supervisors: readonly Supervisor[];
}

/** Worst first. */
export function alarmViews(ports: readonly RunningPort[]): readonly AlarmView[] {
  const alarms: AlarmView[] = [];
  for (const { port, config, supervisors } of ports) {
    const view = port?.view();
    const broken = view?.state === 'down' ? port?.error : undefined;
    if (view !== undefined && broken !== undefined) {
      alarms.push(alarm('error', `port:${config.name}`, view.since, broken));
    }
    for (const { state, since, error, config } of supervisors) {
      if (error === undefined) continue;
      // Where the port is the cause, one alarm says it for all its devices.
      if (state === 'offline' && broken === undefined) {
        alarms.push(alarm('error', `device:${config.name}`, since, error));
      } else if (state === 'degraded') alarms.push(alarm('warn', `device:${config.name}`, since, error));
    }
  }
  return alarms.sort((a, b) => Number(a.severity === 'warn') - Number(b.severity === 'warn') || a.since - b.since);
}

function alarm(severity: AlarmView['severity'], subject: string, since: number, error: GatewayError): AlarmView {
  return { severity, subject, since, error: errorView(error) };
}

/** How all devices of a port are read. */
export function portPlans({ config, supervisors }: RunningPort): readonly PlanView[] {
  return planViews(
    config,
    supervisors.map((supervisor) => supervisor.planned()),
  );
}

const exceptionsOf = ({ exceptions }: ExchangeStats): Readonly<Record<string, number>> =>
  Object.fromEntries([...exceptions].sort(([a], [b]) => a - b).map(([code, count]) => [String(code), count]));

const share = (part: number): number => Math.round(part * 1_000) / 1_000;

export function portView(running: RunningPort, createdAt: number): PortView {
  const { config, port, supervisors } = running;
  const view: Pick<PortView, 'state' | 'since'> = port?.view() ?? { state: 'up', since: createdAt };
  const [plan] = portPlans(running);
  const stats = port?.stats;
  const error = port?.error;
  return {
    name: config.name,
    endpoint: endpointName(config.endpoint),
    state: view.state,
    since: view.since,
    ...(error === undefined ? {} : { error: errorView(error) }),
    devices: supervisors.map((supervisor) => supervisor.config.name),
    exchangeMs: stats?.exchangeMs() ?? { p50: null, p95: null, p99: null },
    opens: stats?.opens ?? 0,
    requests: stats?.requests ?? 0,
    timeouts: stats?.timeouts ?? 0,
    errors: stats?.errors ?? 0,
    errorsPerMinute: stats?.errorsPerMinute() ?? 0,
    crcErrors: stats?.crcErrors ?? 0,
    exceptions: stats === undefined ? {} : exceptionsOf(stats),
    overruns: supervisors.reduce((sum, { overruns }) => sum + overruns, 0),
    busyShare: share((stats?.busyShare() ?? 0) / (config.parallel ?? 1)),
    load: share(plan?.portLoad ?? 0),
    cycleMs: plan?.portCycleMs ?? 0,
  };
}

export function recordingView(
  { config, port }: RunningPort,
  adapter: AnyAdapter | undefined,
  after: number,
  limit: number,
): RecordingView {
  const recorded = port?.recorder.after(after, limit) ?? [];
  return {
    port: config.name,
    adapter: adapter?.type ?? '',
    endpoint: endpointName(config.endpoint),
    framing: adapter?.wire?.framing(config.options, config.endpoint) ?? 'raw',
    next: recorded.at(-1)?.sequence ?? after,
    newest: port?.recorder.count ?? 0,
    frames: recorded.map(({ sequence, at, sent, bytes }) => ({ sequence, at, sent, hex: bytes.toString('hex') })),
  };
}

function planSummary(plan: PlanView): PlanSummary {
  return {
    requests: plan.reads.length,
    cycleMs: plan.cycleMs,
    load: share(plan.load),
    tooFast: plan.groups
      .filter(({ every, needsMs }) => needsMs > every)
      .map(({ every, needsMs }) => ({ every, needsMs })),
    absent: plan.absent.length,
  };
}

/** @param plan - of {@link portPlans} */
export function deviceView(supervisor: Supervisor, port: PortConfig, plan: PlanView): DeviceView {
  const { config, stats, error, nextTryAt } = supervisor;
  const points = [...supervisor.points.values()];
  return {
    name: config.name,
    adapter: config.adapter,
    port: config.port,
    endpoint: endpointName(port.endpoint),
    address: addressOf(config.options),
    state: supervisor.state,
    since: supervisor.since,
    ...(error === undefined ? {} : { error: errorView(error) }),
    points: points.length,
    badPoints: points.filter((point) => point.shadow.sample?.quality === 'bad').length,
    exchangeMs: stats.exchangeMs(),
    latencyMs: stats.latencyMs === undefined ? null : Math.round(stats.latencyMs * 10) / 10,
    requests: stats.requests,
    timeouts: stats.timeouts,
    errors: stats.errors,
    crcErrors: stats.crcErrors,
    exceptions: exceptionsOf(stats),
    errorsPerMinute: stats.errorsPerMinute(),
    overruns: supervisor.overruns,
    busyShare: share(stats.busyShare()),
    plan: planSummary(plan),
    ...(supervisor.state === 'offline' && nextTryAt !== undefined ? { nextTryAt } : {}),
  };
}

/** An adapter names the device on its port by the first key of its schema: `unit 3`. */
function addressOf(options: unknown): string {
  if (typeof options !== 'object' || options === null) return '';
  const first = Object.entries(options)[0];
  return first !== undefined && ['string', 'number', 'boolean'].includes(typeof first[1])
    ? `${first[0]} ${first[1]}`
    : '';
}
