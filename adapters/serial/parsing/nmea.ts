/**
 * NMEA 0183 sentences. Every one gives its parts by number (`RMC.1` …, the address field not counted); of the common ones
 * of satellite receivers the parts have names, in degrees, knots and metres.
 */
import { decode, type Field, type Parser, toNumber } from './fields.js';

/** Formatter → names of its parts; `lat`/`lon` take two parts, the second says the hemisphere. */
const sentences: Readonly<Record<string, readonly string[]>> = {
  RMC: ['time', 'status', 'lat', '', 'lon', '', 'speed', 'course', 'date', 'variation', '', 'mode'],
  GGA: ['time', 'lat', '', 'lon', '', 'fix', 'satellites', 'hdop', 'altitude', '', 'geoidHeight'],
  GLL: ['lat', '', 'lon', '', 'time', 'status'],
  VTG: ['course', '', 'magneticCourse', '', 'speed', '', 'speedKmh'],
  GSA: ['selection', 'fix', ...Array.from({ length: 12 }, () => ''), 'pdop', 'hdop', 'vdop'],
  HDT: ['heading'],
  DBT: ['depthFeet', '', 'depth'],
  MTW: ['temperature'],
  MWV: ['angle', 'reference', 'speed', 'unit', 'status'],
};

/** Text although it looks like a number. */
const texts = new Set(['time', 'date']);

export const nmeaParser: Parser = {
  names: undefined,
  parse(content) {
    const [address = '', ...parts] = decode(content, 'latin1').split(',');
    if (!/^[A-Z0-9]{3,}$/.test(address)) return undefined;
    const formatter = address.startsWith('P') ? address : address.slice(-3);
    const fields = new Map<string, Field>([[`${formatter}.talker`, address.slice(0, -3)]]);
    for (const [index, part] of parts.entries()) if (part !== '') fields.set(`${formatter}.${index + 1}`, part);
    for (const [index, name] of (sentences[formatter] ?? []).entries()) {
      const part = parts[index] ?? '';
      if (name === '' || part === '') continue;
      if (name === 'lat' || name === 'lon') {
        const degrees = toDegrees(part, parts[index + 1] ?? '', name);
        if (degrees !== undefined) fields.set(`${formatter}.${name === 'lat' ? 'latitude' : 'longitude'}`, degrees);
      } else fields.set(`${formatter}.${name}`, texts.has(name) ? part : (toNumber(part, '.') ?? part));
    }
    return fields;
  },
};

/** `4807.038`, `N` → 48.1173; degrees and minutes are not separated. */
function toDegrees(text: string, hemisphere: string, axis: 'lat' | 'lon'): number | undefined {
  const match = /^(\d{1,3})(\d{2}(?:\.\d+)?)$/.exec(text);
  const isKnown = axis === 'lat' ? /^[NS]$/.test(hemisphere) : /^[EW]$/.test(hemisphere);
  if (match === null || !isKnown) return undefined;
  const degrees = Number(match[1]) + Number(match[2]) / 60;
  if (degrees > (axis === 'lat' ? 90 : 180)) return undefined;
  const rounded = Number(degrees.toFixed(7));
  return hemisphere === 'S' || hemisphere === 'W' ? -rounded : rounded;
}
