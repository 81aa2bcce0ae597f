/** A device made of nothing but its profile: for tests of profiles, and for those who only look. */
import { z } from 'zod';
import type { AnyAdapter } from '../../core/adapter.js';
import type { DeviceConfig } from '../../core/config.js';
import { deviceSchema, type ParsedDevice, toDeviceConfig } from '../devices.js';
import type { Plain } from '../merge.js';
import type { Profile } from './file.js';

/** @param options - keys of the device that go before those of the profile, such as the unit */
export function deviceOf(profile: Profile, options: Plain, adapter: AnyAdapter): DeviceConfig {
  const written = { adapter: adapter.type, port: 'port', ...profile.device, ...options, points: profile.points };
  const parsed = deviceSchema(adapter, z.never()).parse(written) as unknown as ParsedDevice;
  return toDeviceConfig(profile.name.replace('/', '-'), parsed, adapter);
}
