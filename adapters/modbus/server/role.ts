/** The gateway as a Modbus device: units of `servers.<name>`, each an image, for every master that comes. */
import type { RunningServer, ServedReference, ServerContext, ServerRole } from '../../../src/adapter.js';
import { characterTimeMs, type Endpoint } from '../../../src/adapter.js';
import { DeviceImage } from './device-image.js';
import type { RegisterImage } from './image.js';
import { PointImage } from './point-image.js';
import { isDeviceUnit, type RoleOptions, roleIssues, roleSchema } from './role-schema.js';
import { serveModbus } from './serve.js';

const MIN_SILENCE_MS = 4;

function framingOf(role: RoleOptions, endpoint: Endpoint): 'tcp' | 'rtu' {
  return role.framing ?? (endpoint.type === 'serial' ? 'rtu' : 'tcp');
}

export const serverRole: ServerRole<typeof roleSchema> = {
  endpoints: ['tcp', 'serial'],
  schema: roleSchema,

  check(role, endpoint) {
    const framing = framingOf(role, endpoint);
    if (endpoint.type === 'serial' && framing === 'tcp') {
      return [{ path: ['framing'], message: 'a serial line carries RTU frames; framing tcp needs a tcp address' }];
    }
    return roleIssues(role, framing === 'rtu');
  },

  references: (role) =>
    Object.entries(role.units).flatMap(([unit, served]): ServedReference[] => {
      const path = ['units', unit];
      if (isDeviceUnit(served)) {
        const isWritten = served.write === 'all';
        return [{ path: [...path, 'device'], device: served.device, point: undefined, isWritten }];
      }
      return served.points.map(({ point, write }, index) => ({
        path: [...path, 'points', index, 'point'],
        ...point,
        isWritten: write,
      }));
    }),

  create: (role, context) => new ModbusServerRole(role, context),
};

class ModbusServerRole implements RunningServer {
  readonly #role: RoleOptions;
  readonly #context: ServerContext;
  readonly #exceptions: Record<string, number> = {};
  #requests = 0;
  #dropped = 0;

  constructor(role: RoleOptions, context: ServerContext) {
    this.#role = role;
    this.#context = context;
  }

  async serve(wire: Parameters<RunningServer['serve']>[0], who: string, endpoint: Endpoint, signal: AbortSignal) {
    const framing = framingOf(this.#role, endpoint);
    const silenceMs =
      endpoint.type === 'serial' ? Math.max(MIN_SILENCE_MS, 3.5 * characterTimeMs(endpoint)) : MIN_SILENCE_MS;
    this.#dropped += await serveModbus(wire, {
      framing,
      units: this.#units(who, signal),
      clock: this.#context.clock,
      signal,
      silenceMs,
      absentUnit: 10,
      onAnswer: (response) => this.#count(response),
    });
  }

  figures() {
    return { requests: this.#requests, exceptions: { ...this.#exceptions }, dropped: this.#dropped };
  }

  #count(response: Buffer): void {
    this.#requests++;
    if ((response[0]! & 0x80) === 0) return;
    const code = String(response[1]);
    this.#exceptions[code] = (this.#exceptions[code] ?? 0) + 1;
  }

  /** One set of images per master: commands know who gave them, and end with his connection. */
  #units(who: string, signal: AbortSignal): ReadonlyMap<number, RegisterImage> {
    const { gatewayId, version, clock } = this.#context;
    const units = new Map<number, RegisterImage>();
    for (const [key, unit] of Object.entries(this.#role.units)) {
      const name = isDeviceUnit(unit) ? unit.device : gatewayId;
      const identity = ['HPMQ', 'hpmq', version, '', 'HPMQ edge gateway', name];
      const device = (one: string) => this.#context.device(one);
      const common = { identity, who: `modbus master ${who} (server ${this.#context.name})`, signal };
      if (!isDeviceUnit(unit)) {
        units.set(Number(key), new PointImage({ ...common, unit, device }));
        continue;
      }
      const served = device(unit.device);
      if (served === undefined) continue;
      const answerWithinMs = this.#role.answerWithin;
      units.set(Number(key), new DeviceImage({ ...common, unit, device: served, clock, answerWithinMs }));
    }
    return units;
  }
}
