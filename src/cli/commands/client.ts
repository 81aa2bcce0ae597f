import type { ClientDetail, ClientView, SubscriptionView, TrafficView } from '../../api/contract.js';
import { formatDuration } from '../../core/duration.js';
import { GatewayError } from '../../core/errors.js';
import { wholeNumber } from '../arguments.js';
import type { Cli } from '../cli.js';
import { ageText, clientColumns } from '../columns.js';
import type { HpmqCommand } from '../command.js';
import { confirmYes } from '../confirm.js';
import { cliError } from '../errors.js';
import { unknown } from '../names.js';
import { bytesText, count, visible, words } from '../text.js';

/** What lists may be sorted by; figures with the largest first. */
const SORTS: Readonly<Record<string, (client: ClientView) => string | number>> = {
  client: (client) => client.clientId,
  since: (client) => client.since,
  subs: (client) => -client.subscriptions,
  inflight: (client) => -client.inflight,
  queue: (client) => -client.queued,
  drops: (client) => -client.dropped,
  in: (client) => -client.received,
  out: (client) => -client.sent,
};

interface ListOptions {
  readonly connected?: boolean;
  readonly filter?: string;
  readonly sort?: string;
  readonly limit?: number;
}

export function define(command: HpmqCommand, cli: Cli): void {
  command.withExamples(
    ['client list --connected --sort queue', 'who is there, the fullest queue first'],
    ['client show scada-1', 'one client with its subscriptions'],
    ['client kick scada-1', 'end its connection'],
  );
  command
    .verb('list')
    .description('Lists MQTT clients, those without a connection included')
    .option('--connected', 'only clients that are connected')
    .option('--filter <text>', 'only clients with this in their id, user, address or listener')
    .option('--sort <column>', `sorted by ${Object.keys(SORTS).join(', ')}`, sortName)
    .option('--limit <n>', 'at most so many', wholeNumber)
    .withExamples(
      ['client list', 'all sessions'],
      ['client list --connected --sort drops --limit 10', 'who loses the most'],
      ['client list --filter 10.0.0. --json', 'for programs'],
    )
    .action(cli.action((options: ListOptions) => list(cli, options)));
  command
    .verb('show <id>')
    .description('Shows one client: who, what it did, what waits, its subscriptions')
    .withExamples(['client show scada-1', 'all about one client'])
    .action(cli.action((id: string) => show(cli, id)));
  command
    .verb('kick <id>')
    .description('Ends the connection of a client; it may come back')
    .option('--forget', 'end its session, too: subscriptions and waiting messages are gone')
    .option('-y, --yes', 'do not ask')
    .withExamples(
      ['client kick scada-1', 'asks first; the client is told "administrative action"'],
      ['client kick phone-7 --forget --yes', 'also one that is away: its session ends'],
    )
    .action(cli.action((id: string, options: { forget?: boolean; yes?: boolean }) => kick(cli, id, options)));
}

function sortName(text: string): string {
  if (text in SORTS) return text;
  throw cliError('CLI_USAGE', `"${text}" is no column to sort by`, {
    hint: `write --sort ${Object.keys(SORTS).join(', --sort ')}`,
  });
}

async function list(cli: Cli, { connected = false, filter = '', sort, limit }: ListOptions): Promise<undefined> {
  const { items } = await cli.request('GET /v1/clients');
  const wanted = filter.toLowerCase();
  let clients = items.filter(
    (client) =>
      (!connected || client.connected) &&
      [client.clientId, client.user ?? '', client.address, client.listener].some((text) =>
        text.toLowerCase().includes(wanted),
      ),
  );
  const key = sort === undefined ? undefined : SORTS[sort];
  if (key !== undefined) {
    const keyed = clients.map((client) => ({ client, key: key(client) }));
    clients = keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ client }) => client);
  }
  const none = items.length === 0 ? 'no MQTT client has a session' : `none of ${count(items.length, 'client')} matches`;
  await cli.output.list(clientColumns(Date.now()), clients.slice(0, limit), none);
  return undefined;
}

/** Runs a request about one client; where there is none of that name, names the one that was probably meant. */
async function about<T>(cli: Cli, id: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'API_NOT_FOUND') throw error;
    const { items } = await cli.request('GET /v1/clients');
    const known = items.map((one) => one.clientId);
    throw await unknown('CLI_UNKNOWN_CLIENT', `there is no client "${id}"`, id, known);
  }
}

async function show(cli: Cli, id: string): Promise<undefined> {
  const client = await about(cli, id, () => cli.request('GET /v1/clients/{client}', { params: { client: id } }));
  if (cli.output.isJson) {
    cli.output.json(client);
    return undefined;
  }
  for (const line of clientLines(client, Date.now())) cli.output.line(line);
  if (client.filters.length > 0) cli.output.line('');
  await cli.output.list(subscriptionColumns, client.filters, 'this client has no subscriptions');
  return undefined;
}

const subscriptionColumns = [
  { title: 'SUBSCRIPTION', value: (one: SubscriptionView) => one.filter },
  { title: 'QOS', value: (one: SubscriptionView) => String(one.qos), align: 'right' },
  {
    title: 'ID',
    value: (one: SubscriptionView) => (one.identifier === null ? '' : String(one.identifier)),
    align: 'right',
  },
  { title: 'OPTIONS', value: optionsText },
] as const;

function optionsText({ noLocal, retainAsPublished, retainHandling }: SubscriptionView): string {
  const words = [
    noLocal ? 'no local' : '',
    retainAsPublished ? 'retain as published' : '',
    ['', 'retained if new', 'no retained'][retainHandling],
  ];
  return words.filter((word) => word !== '').join(', ');
}

function trafficText({ messages, bytes }: TrafficView): string {
  const sum = messages.reduce((a, b) => a + b, 0);
  const byQos = messages.map((n, qos) => `${n} QoS ${qos}`).join(', ');
  return `${count(sum, 'message')} (${byQos}), ${bytesText(bytes.reduce((a, b) => a + b, 0))}`;
}

function dropsText({ dropped, droppedBy }: ClientView): string {
  const parts = Object.entries(droppedBy).map(([reason, n]) => `${n} ${words(reason)}`);
  return parts.length === 0 ? String(dropped) : `${dropped} (${parts.join(', ')})`;
}

function sessionText(client: ClientDetail, now: number): string {
  const { connected, sessionExpiry, expiresAt } = client;
  if (expiresAt !== null) return `ends in ${formatDuration(Math.max(0, expiresAt - now))}`;
  if (sessionExpiry === null) return 'never expires';
  if (!connected) return 'ends';
  return sessionExpiry === 0 ? 'ends with the connection' : `kept for ${formatDuration(sessionExpiry)} after it`;
}

function clientLines(client: ClientDetail, now: number): readonly string[] {
  const { will, tls, keepAlive } = client;
  const row = (title: string, text: string) => `${title.padEnd(10)} ${visible(text)}`;
  const security = tls === undefined ? '' : ` (${tls.version}, ${tls.cipher})`;
  return [
    row('client', client.clientId),
    row('state', `${client.connected ? 'connected' : 'away'} for ${ageText(client.since, now)}`),
    row('user', client.user ?? 'anonymous'),
    row('from', `${client.address} by ${client.listener}, ${client.transport}${security}`),
    row('protocol', `MQTT ${client.protocol}, keep alive ${keepAlive === 0 ? 'off' : formatDuration(keepAlive)}`),
    row('last seen', `${ageText(client.lastPacketAt, now)} ago`),
    row('session', sessionText(client, now)),
    ...(will === null
      ? []
      : [
          row(
            'will',
            `${will.topic} (QoS ${will.qos}${will.retain ? ', retained' : ''}, ${bytesText(will.bytes)}${will.delay > 0 ? `, after ${formatDuration(will.delay)}` : ''})`,
          ),
        ]),
    row('in', `${trafficText(client.in)}${client.refused > 0 ? `, ${client.refused} refused` : ''}`),
    row('out', trafficText(client.out)),
    row('in flight', `${client.inflight} to it, ${client.inflightIn} from it`),
    row('queue', `${count(client.queued, 'message')}, ${bytesText(client.queuedBytes)}`),
    row('dropped', dropsText(client)),
    row('expired', String(client.expired)),
  ];
}

async function kick(cli: Cli, id: string, options: { forget?: boolean; yes?: boolean }): Promise<undefined> {
  const { forget = false, yes = false } = options;
  const params = { client: id };
  // Before it asks, it says so when there is nobody to ask about.
  if (!yes) await about(cli, id, () => cli.request('GET /v1/clients/{client}', { params }));
  const question = `disconnect ${visible(id)}${forget ? ' and end its session' : ''}?`;
  await confirmYes(cli, question, yes);
  const end = await about(cli, id, () =>
    cli.request('DELETE /v1/clients/{client}', { params, query: { forget: forget ? 'true' : 'false' } }),
  );
  if (cli.output.isJson) {
    cli.output.json(end);
    return undefined;
  }
  const session = end.isForgotten ? 'its session ended' : 'its session is kept: `--forget` ends it, too';
  const connection = end.wasConnected ? 'disconnected' : 'had no connection';
  cli.output.note(`${visible(id)} ${connection}; ${session}`);
  return undefined;
}
