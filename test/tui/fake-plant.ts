/** The points of the plant of the fake gateway. */
import type { PointView } from '../../src/api/contract.js';

export interface Definition {
  readonly device: string;
  readonly point: string;
  readonly unit?: string;
  readonly every?: number;
  readonly decimals?: number;
  readonly base: number | boolean | string;
  readonly swing?: number;
  readonly write?: NonNullable<PointView['write']>;
}

const free = { verify: true, critical: false } as const;

export const plant: readonly Definition[] = [
  { device: 'boiler', point: 'temperature', unit: '°C', decimals: 1, base: 71.4, swing: 3 },
  {
    device: 'boiler',
    point: 'setpoint',
    unit: '°C',
    decimals: 1,
    base: 70,
    write: { min: 10, max: 90, step: 0.5, ...free },
  },
  { device: 'boiler', point: 'pressure', unit: 'bar', decimals: 2, base: 2.41, swing: 0.2 },
  { device: 'boiler', point: 'return', unit: '°C', decimals: 1, base: 54.2, swing: 2 },
  { device: 'boiler', point: 'burner', base: true, write: free },
  { device: 'boiler', point: 'trip', base: false, write: { verify: true, critical: true } },
  { device: 'boiler', point: 'hours', unit: 'h', base: 18_231 },
  { device: 'boiler', point: 'mode', base: 'auto' },
  { device: 'meter', point: 'voltage', unit: 'V', decimals: 1, base: 230.4, swing: 1.5 },
  { device: 'meter', point: 'current', unit: 'A', decimals: 2, base: 12.81, swing: 4 },
  { device: 'meter', point: 'power', unit: 'kW', decimals: 3, base: 2.951, swing: 0.9 },
  { device: 'meter', point: 'frequency', unit: 'Hz', decimals: 2, base: 50, swing: 0.03 },
  { device: 'meter', point: 'cosphi', decimals: 3, base: 0.962, swing: 0.02 },
  { device: 'meter', point: 'energy', unit: 'kWh', every: 10_000, decimals: 1, base: 182_331.5 },
  { device: 'meter', point: 'serial', every: 60_000, base: '9007199254740993' },
  { device: 'tank', point: 'level', unit: '%', decimals: 1, base: 63 },
  { device: 'tank', point: 'inflow', unit: 'm³/h', decimals: 2, base: 4.2 },
  { device: 'tank', point: 'outflow', unit: 'm³/h', decimals: 2, base: 4.1 },
  { device: 'tank', point: 'pump', base: true, write: free },
  { device: 'tank', point: 'valve', unit: '%', base: 40, write: { min: 0, max: 100, ...free } },
];
