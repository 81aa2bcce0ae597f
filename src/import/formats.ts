/** The formats that can be imported. Parsers are loaded for the one that was chosen. */
import type { AnyAdapter } from '../core/adapter.js';
import type { Draft } from './draft.js';
import { importError } from './errors.js';
import { finish, type Imported } from './finish.js';

export interface Format {
  readonly name: string;
  readonly title: string;
  read(text: string, file: string): Promise<Draft>;
}

function looksLikeJson(text: string): boolean {
  return /^\ufeff?\s*[[{]/.test(text);
}

export const FORMATS: readonly Format[] = [
  {
    name: 'telegraf',
    title: 'Telegraf, inputs.modbus (TOML)',
    async read(text) {
      const [{ readToml }, { importTelegraf }] = await Promise.all([import('./read-toml.js'), import('./telegraf.js')]);
      return importTelegraf(readToml(text));
    },
  },
  {
    name: 'neuron',
    title: 'EMQX Neuron, tags (CSV) or nodes (JSON)',
    async read(text) {
      const neuron = await import('./neuron.js');
      if (looksLikeJson(text)) return neuron.importNeuronJson((await import('./read-json.js')).readJson(text));
      return neuron.importNeuronCsv((await import('./read-csv.js')).readCsv(text));
    },
  },
  {
    name: 'thingsboard',
    title: 'ThingsBoard IoT Gateway, Modbus connector (JSON)',
    async read(text) {
      const [{ readJson }, { importThingsBoard }] = await Promise.all([
        import('./read-json.js'),
        import('./thingsboard.js'),
      ]);
      return importThingsBoard(readJson(text));
    },
  },
  {
    name: 'hivemq',
    title: 'HiveMQ Edge, Modbus adapters (XML or JSON)',
    async read(text) {
      const { importHiveMq } = await import('./hivemq.js');
      if (looksLikeJson(text)) return importHiveMq((await import('./read-json.js')).readJson(text));
      return importHiveMq((await import('./read-xml.js')).readXml(text));
    },
  },
  {
    name: 'csv',
    title: 'a table with the columns device, endpoint, unitId, point, address … (CSV)',
    async read(text) {
      const [{ readCsv }, { importCsv }] = await Promise.all([import('./read-csv.js'), import('./csv.js')]);
      return importCsv(readCsv(text));
    },
  },
];

/**
 * @param file - as it is named in the result
 * @throws IMPORT_UNREADABLE, IMPORT_EMPTY
 */
export async function importText(
  format: Format,
  text: string,
  file: string,
  adapters: readonly AnyAdapter[],
): Promise<Imported> {
  const draft = await format.read(text, file);
  if (draft.entries === 0) throw importError('IMPORT_EMPTY', `${file} has no points of ${format.title}`);
  return finish(draft, adapters, `Converted from ${file} by \`hpmq import ${format.name}\``);
}
