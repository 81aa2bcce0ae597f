/** What people are shown of running ports and devices: plain data, made when someone looks. */
import type { PortConfig } from '../core/config.js';
import { errorView, type GatewayError } from '../core/errors.js';
import { endpointName } from '../core/transport.js';
import type { AlarmView, DeviceView } from '../core/views.js';
import type { Commands } from './commands.js';
import type { Port } from './port.js';
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

export function deviceView(supervisor: Supervisor, port: PortConfig): DeviceView {
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
    requests: stats.requests,
    timeouts: stats.timeouts,
    errors: stats.errors,
    errorsPerMinute: stats.errorsPerMinute(),
    overruns: supervisor.overruns,
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
