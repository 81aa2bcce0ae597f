/** HiveMQ Edge: Modbus adapters of its config.xml, or of its management API as JSON. Addresses count from 0, as ours. */
import { Draft, type DraftDevice } from './draft.js';
import type { Tree } from './tree.js';
import { addressOf, bytesOf, milliseconds, type Table } from './words.js';

const TABLES: Readonly<Record<string, Table>> = {
  COILS: 'coil',
  DISCRETE_INPUTS: 'discrete',
  INPUT_REGISTERS: 'input',
  HOLDING_REGISTERS: 'holding',
};
const TYPES: Readonly<Record<string, string>> = {
  BOOL: 'bool',
  INT_16: 'int16',
  UINT_16: 'uint16',
  INT_32: 'int32',
  UINT_32: 'uint32',
  INT_64: 'int64',
  FLOAT_32: 'float32',
  FLOAT_64: 'float64',
};
/** What `flipRegisters` makes of the bytes on the wire there: not the same for all types. */
const FLIPPED: Readonly<Record<string, string>> = { INT_32: 'DCBA', UINT_32: 'CDAB', FLOAT_32: 'CDAB' };
/** UTF_8 there is always eight bytes. */
const UTF_8_BYTES = 8;

export function importHiveMq(root: Tree): Draft {
  const draft = new Draft();
  for (const adapter of adaptersOf(root)) importAdapter(draft, adapter);
  const hivemq = root.get('hivemq');
  for (const key of hivemq?.keys ?? []) {
    if (key === 'protocol-adapters') continue;
    const tree = hivemq!.get(key)!;
    if (key.startsWith('xmlns')) continue;
    draft.tell('ignored', tree.line, key, 'is no protocol adapter');
    tree.skip();
  }
  draft.ignore(root.unread());
  return draft;
}

function adaptersOf(root: Tree): readonly Tree[] {
  const xml = root.get('hivemq', 'protocol-adapters');
  if (xml !== undefined) return [...xml.list('protocol-adapter'), ...xml.list('modbus')];
  if (root.isList) return root.list();
  if (root.has('items')) return root.list('items');
  if (root.has('adapters')) return root.list('adapters');
  return [root];
}

function importAdapter(draft: Draft, adapter: Tree): void {
  const id = adapter.text('adapterId') ?? adapter.text('id') ?? 'modbus';
  const protocol = adapter.text('protocolId') ?? adapter.text('type') ?? 'modbus';
  adapter.get('configVersion');
  const tags = tagsOf(adapter);
  if (!/^modbus/.test(protocol)) {
    draft.tell('ignored', adapter.line, id, `protocol ${protocol} is not Modbus`);
    for (const tag of tags) {
      draft.entries++;
      draft.refuse(tag.line, tag.text('name') ?? '', `belongs to ${id}, whose protocol is ${protocol}`);
    }
    adapter.skip();
    return;
  }
  const config = adapter.get('config') ?? adapter;
  const host = config.text('host') ?? 'localhost';
  const timeout = milliseconds(config.number('timeoutMillis') ?? config.number('timeout'));
  const port = draft.port(host, {
    type: 'tcp',
    host,
    port: config.number('port') ?? 502,
    ...(timeout !== undefined && { timeout }),
  });
  const polling = config.get('modbusToMqtt');
  const every = milliseconds(polling?.number('pollingIntervalMillis') ?? config.number('publishingInterval'));
  if (every === undefined) draft.tell('assumed', adapter.line, id, 'no pollingIntervalMillis: every 1s');
  const onChange = polling?.flag('publishChangedDataOnly');
  const settings = { adapter: 'modbus', port, every: every ?? '1s' };
  const units = new Set(tags.map((tag) => tag.number('definition', 'unitId') ?? 0));
  for (const tag of tags) {
    const unit = tag.number('definition', 'unitId') ?? 0;
    const device = draft.device(adapter.line, units.size > 1 ? `${id}-${unit}` : id, { ...settings, unit });
    draft.entry(tag, nameOf(tag), () => importTag(draft, device, tag, onChange === false));
  }
  importRanges(draft, polling);
  for (const key of ['northboundMappings', 'southboundMappings', 'subscriptions', 'modbusToMqttMappings']) {
    const mappings = adapter.get(key) ?? polling?.get(key);
    if (mappings === undefined) continue;
    draft.tell(
      'ignored',
      mappings.line,
      key,
      'topics are hpmq/<gateway>/<device>/<point>; routes of links may change them',
    );
    mappings.skip();
  }
}

function tagsOf(adapter: Tree): readonly Tree[] {
  const tags = adapter.get('tags');
  if (tags === undefined) return [];
  return tags.isMap && tags.has('tag') ? tags.list('tag') : tags.list();
}

function nameOf(tag: Tree): string {
  return tag.text('name') ?? tag.text('tagName') ?? '';
}

/** @returns why there is no point */
function importTag(draft: Draft, device: DraftDevice, tag: Tree, always: boolean): string | undefined {
  const name = nameOf(tag);
  const definition = tag.get('definition') ?? tag;
  const readType = definition.text('readType') ?? 'HOLDING_REGISTERS';
  const table = TABLES[readType];
  if (table === undefined) return `readType ${readType} is not known`;
  const address = addressOf(table, definition.number('startIdx') ?? Number.NaN);
  if (address === undefined) return 'has no startIdx';
  const isBit = table === 'coil' || table === 'discrete';
  const word = definition.text('dataType') ?? 'INT_16';
  const flipped = definition.flag('flipRegisters') === true;
  const common = {
    address,
    description: tag.text('description'),
    report: always ? { mode: 'always' } : undefined,
  };
  if (isBit) {
    draft.point(device, tag.line, name, common);
    return undefined;
  }
  if (word === 'UTF_8') {
    draft.point(device, tag.line, name, { ...common, type: 'string', length: UTF_8_BYTES });
    return undefined;
  }
  const type = TYPES[word];
  if (type === undefined) return `dataType ${word} is not known`;
  const order = flipped ? FLIPPED[word] : undefined;
  if (flipped && order === undefined && bytesOf(type) !== undefined) {
    return `flipRegisters of ${word} returns something else than the value there: say the order yourself`;
  }
  if (order !== undefined) draft.tell('assumed', tag.line, name, `flipRegisters of ${word}: order ${order}`);
  draft.point(device, tag.line, name, { ...common, type, order });
  return undefined;
}

/** Versions before tags: whole ranges of registers in one message. */
function importRanges(draft: Draft, polling: Tree | undefined): void {
  for (const mapping of polling?.list('modbusToMqttMappings', 'modbusToMqttMapping') ?? []) {
    draft.entries++;
    const range = mapping.get('addressRange');
    const text = `${range?.text('startIdx') ?? '?'}–${range?.text('endIdx') ?? '?'}`;
    const reason = `the range ${text} says neither table nor type of its registers`;
    draft.refuse(mapping.line, mapping.text('mqttTopic') ?? 'modbusToMqttMapping', reason);
    mapping.skip();
  }
}
