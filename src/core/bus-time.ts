/** How long reading takes and how busy a wire is with it: predictions from plans. Pure. */

/** Points of a device that are read together, every so often. */
export interface GroupLoad {
  /** ms between two reads. */
  readonly every: number;
  /** Predicted ms of each exchange, the rest behind it included. */
  readonly exchanges: readonly number[];
}

export interface GroupForecast {
  readonly every: number;
  readonly requests: number;
  /** All exchanges of one round, ms. */
  readonly cycleMs: number;
  /** Time between two reads of a point on this wire, ms; above `every`: it is asked for too often. */
  readonly needsMs: number;
}

export interface DeviceForecast {
  readonly cycleMs: number;
  /** Share of the wire's time; 1 is all of it. */
  readonly load: number;
  readonly groups: readonly GroupForecast[];
}

export interface PortForecast {
  /** One round of everything, ms. */
  readonly cycleMs: number;
  /** Asked for; above 1: not possible. */
  readonly load: number;
  readonly devices: readonly DeviceForecast[];
}

interface Cycle {
  readonly every: number;
  readonly cycle: number;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
const loadOf = (cycles: readonly Cycle[]): number => sum(cycles.map(({ every, cycle }) => cycle / every));

/**
 * The wire grants its time to the devices in equal shares; who needs less leaves the rest to the others. Within a device
 * what is read seldom keeps its beat, and all that is read more often than the rest allows is read as often as it does.
 *
 * @param devices - of one wire: the groups of each
 * @param parallel - exchanges on the wire at a time
 */
export function forecast(devices: readonly (readonly GroupLoad[])[], parallel = 1): PortForecast {
  const cycles = devices.map((groups) =>
    groups.map(({ every, exchanges }): Cycle => ({ every, cycle: sum(exchanges) / parallel })),
  );
  const shares = sharesOf(cycles.map(loadOf));
  return {
    cycleMs: sum(cycles.flat().map(({ cycle }) => cycle)),
    load: loadOf(cycles.flat()),
    devices: devices.map((groups, index) => {
      const own = cycles[index]!;
      const round = roundOf(own, shares[index]!);
      return {
        cycleMs: sum(own.map(({ cycle }) => cycle)),
        load: loadOf(own),
        groups: own.map(({ every, cycle }, i) => {
          const requests = groups[i]!.exchanges.length;
          return { every, requests, cycleMs: cycle, needsMs: every < round ? round : cycle };
        }),
      };
    }),
  };
}

/** Equal shares of 1; what one does not need is shared among the others. */
function sharesOf(loads: readonly number[]): readonly number[] {
  const shares = loads.map(() => 0);
  const modest = loads.map((load, index) => ({ load, index })).sort((a, b) => a.load - b.load);
  let left = 1;
  for (const [position, { load, index }] of modest.entries()) {
    const share = Math.min(load, left / (modest.length - position));
    shares[index] = share;
    left -= share;
  }
  return shares;
}

/** ms of one round of all groups that do not keep their beat; 0: all do. */
function roundOf(groups: readonly Cycle[], share: number): number {
  // From the rarest on: who still keeps its beat when all that are asked for more often are squeezed behind it.
  const rarest = groups.toSorted((a, b) => b.every - a.every);
  let kept = 0;
  let squeezed = sum(groups.map(({ cycle }) => cycle));
  for (const group of rarest) {
    const round = squeezed / Math.max(1e-9, share - kept);
    // Rounding must not make a wire that is just enough look too slow.
    if (round > group.every * (1 + 1e-9)) return round;
    kept += group.cycle / group.every;
    squeezed -= group.cycle;
  }
  return 0;
}
