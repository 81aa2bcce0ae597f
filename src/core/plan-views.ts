/** Plans and predictions as people see them: of the running gateway, or of a configuration that does not run yet. Pure. */
import type { AnyAdapter, ReadCosts } from './adapter.js';
import { forecast } from './bus-time.js';
import type { DeviceConfig, PortConfig } from './config.js';
import { extentOf, idleUnits, type Piece, type Planned, plainCosts, planReads, readMs } from './read-plan.js';
import { endpointName } from './transport.js';
import type { PlanView } from './views.js';

/** One device on a wire, and how it is read. */
export interface PlannedDevice {
  readonly name: string;
  readonly costs: ReadCosts;
  readonly latencyMs: number;
  /** The latency was measured; else it is assumed. */
  readonly isMeasured: boolean;
  readonly groups: readonly { readonly every: number; readonly pieces: readonly Piece<Planned>[] }[];
  readonly absent: readonly { readonly space: string; readonly start: number; readonly end: number }[];
}

/** @throws nothing: an adapter that says nothing gets plain costs */
export function costsOf(adapter: AnyAdapter, device: DeviceConfig, port: PortConfig): ReadCosts {
  return adapter.costs?.(device.options, port.options, port.endpoint) ?? plainCosts;
}

/** @param devices - all devices of the port: they share its time */
export function planViews(port: PortConfig, devices: readonly PlannedDevice[]): readonly PlanView[] {
  const { pause, parallel = 1 } = port;
  const costOf = ({ costs, latencyMs }: PlannedDevice, { points }: Piece<Planned>) =>
    readMs(points, costs, latencyMs) + pause;
  const wire = forecast(
    devices.map((device) =>
      device.groups.map(({ every, pieces }) => ({ every, exchanges: pieces.map((piece) => costOf(device, piece)) })),
    ),
    parallel,
  );
  return devices.map((device, index): PlanView => {
    const own = wire.devices[index]!;
    return {
      device: device.name,
      port: port.name,
      endpoint: endpointName(port.endpoint),
      latencyMs: rounded(device.latencyMs),
      isMeasured: device.isMeasured,
      cycleMs: rounded(own.cycleMs),
      load: own.load,
      portCycleMs: rounded(wire.cycleMs),
      portLoad: wire.load,
      groups: own.groups.map(({ every, requests, cycleMs, needsMs }, i) => ({
        every,
        points: device.groups[i]!.pieces.reduce((sum, { points }) => sum + points.length, 0),
        requests,
        cycleMs: rounded(cycleMs),
        needsMs: rounded(needsMs),
      })),
      reads: device.groups.flatMap(({ every, pieces }) =>
        pieces.map((piece) => ({ every, ...placeOf(piece), ms: rounded(costOf(device, piece)) })),
      ),
      absent: device.absent.map(({ space, start, end }) => ({ space, start, units: end - start })),
    };
  });
}

function placeOf({ points }: Piece<Planned>): Omit<PlanView['reads'][number], 'every' | 'ms'> {
  const [first] = points;
  if (first?.span === undefined)
    return { space: first?.id ?? '', start: null, units: 1, points: points.length, idle: 0 };
  const { start, end } = extentOf(points);
  return { space: first.span.space, start, units: end - start, points: points.length, idle: idleUnits(points) };
}

/** What is measured now, by device; undefined: nothing. */
export type Latencies = (device: string) => number | undefined;

/** The plans of a configuration, as they are before anything was learned of the devices. */
export function configuredPlans(
  ports: Readonly<Record<string, PortConfig>>,
  devices: Readonly<Record<string, DeviceConfig>>,
  adapters: readonly AnyAdapter[],
  latencies: Latencies = () => undefined,
): readonly PlanView[] {
  const byPort = Map.groupBy(Object.values(devices), (device) => device.port);
  return [...byPort].flatMap(([name, members]) => {
    const port = ports[name];
    if (port === undefined || port.endpoint.type === 'memory') return [];
    return planViews(
      port,
      members.flatMap((device) => {
        const adapter = adapters.find(({ type }) => type === device.adapter);
        return adapter === undefined ? [] : [configuredDevice(device, port, adapter, latencies(device.name))];
      }),
    );
  });
}

function configuredDevice(
  device: DeviceConfig,
  port: PortConfig,
  adapter: AnyAdapter,
  measured: number | undefined,
): PlannedDevice {
  const costs = costsOf(adapter, device, port);
  const latencyMs = measured ?? costs.latencyMs;
  const read = Object.values(device.points).filter(
    ({ address }) => adapter.pushed?.(address, device.options, port.options) === undefined,
  );
  const points = read.map(({ id, address, every }) => ({ id, every, span: adapter.span?.(address) }));
  const groups = [...Map.groupBy(points, ({ every }) => every)]
    .sort(([a], [b]) => a - b)
    .map(([every, members]) => ({ every, pieces: planReads(members, costs, latencyMs) }));
  return { name: device.name, costs, latencyMs, isMeasured: measured !== undefined, groups, absent: [] };
}

const rounded = (ms: number): number => Math.round(ms * 10) / 10;
