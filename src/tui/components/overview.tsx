/** Is everything well, and if not, what is it. */
import { Box } from 'ink';
import type { ReactNode } from 'react';
import type { AlarmView, StatusView, StoreSummary } from '../../api/contract.js';
import { age, bytes, compact, plural, rate, stateSpan, UNKNOWN } from '../format.js';
import { type Area, type Layout, scrollTo } from '../layout.js';
import { cursorOf, gatewayNow, rowsOf, shownData } from '../select.js';
import { type Span, span } from '../spans.js';
import type { Model } from '../state.js';
import { clean, fit } from '../text.js';
import { signOf, type Tone } from '../theme.js';
import { TextPanel } from './panel.js';

/** Part of the disk that should be free. */
const SHORT_DISK = 0.1;
const LABEL = 9;
/** Sign, state and age of a service, with the gaps. */
const SERVICE_COLUMNS = 21;
/** A reason with less room than this says nothing. */
const LEAST_REASON = 12;
/** Columns of what an alarm is about. */
const SUBJECT = 17;
/** Below this width the services have no panel of their own. */
const TWO_PANELS = 72;
/** The panel of the gateway has the longer lines. */
const LEFT_SHARE = 0.55;

function row(label: string, ...spans: readonly Span[]): Span[] {
  return [span(` ${label.padEnd(LABEL)}`, 'muted'), ...spans];
}

/** Counts that are not zero, each with its sign and word; the good one always. */
function counts(parts: readonly (readonly [count: number, word: string])[]): Span[] {
  return parts
    .filter(([count], i) => i === 0 || count > 0)
    .flatMap(([count, word], i) => {
      const { glyph, tone } = signOf(word);
      const isNone = count === 0;
      return [span(`${i === 0 ? '' : '  '}${glyph} `, isNone ? 'muted' : tone), span(`${compact(count)} ${word}`)];
    });
}

function servicesRow(status: StatusView): Span[] {
  const of = (...states: string[]) => status.services.filter(({ state }) => states.includes(state)).length;
  return counts([
    [of('up'), 'up'],
    [of('starting', 'stopping', 'degraded'), 'degraded'],
    [of('down'), 'down'],
  ]);
}

function linksRow(model: Model): Span[] {
  const links = [...shownData(model).links.values()];
  if (links.length === 0) return [span('none', 'muted')];
  const of = (state: string) => links.filter((link) => link.state === state).length;
  return counts([
    [of('up'), 'up'],
    [of('connecting'), 'connecting'],
    [of('down'), 'down'],
  ]);
}

/** Each address with how many are connected there. */
function listenerSpans({ mqtt }: StatusView): Span[] {
  if (mqtt.listeners.length === 0) return [span(UNKNOWN)];
  return mqtt.listeners.flatMap(({ type, addresses, connections }, i) => [
    span(`${i === 0 ? '' : '  '}${type === 'tcp' ? 'tcp ' : ''}${addresses.join(' ') || `${type} ${UNKNOWN}`}`),
    span(` ${compact(connections)}`, connections > 0 ? 'accent' : 'muted'),
  ]);
}

function diskSpans({ fileBytes, freeBytes, diskBytes }: StoreSummary): Span[] {
  const isShort = diskBytes > 0 && freeBytes < diskBytes * SHORT_DISK;
  return [
    span(`  ${bytes(freeBytes)} free`, isShort ? 'warn' : 'muted'),
    span(`  ${bytes(fileBytes)} on disk`, 'muted'),
  ];
}

function gatewayLines(model: Model, status: StatusView): Span[][] {
  const now = gatewayNow(model);
  const { messages, devices, points, ledger } = status;
  const refused = Object.values(status.mqtt.refused).reduce((a, b) => a + b, 0);
  const queued = [...shownData(model).links.values()].reduce((sum, link) => sum + link.queued, 0);
  return [
    row('state', stateSpan(status.state), span(`, started ${age(status.startedAt, now)} ago`, 'muted')),
    row('services', ...servicesRow(status)),
    row('messages', span(`in ${rate(messages.receivedPerSecond)}  out ${rate(messages.deliveredPerSecond)}`)),
    row(
      'queues',
      span(`links ${compact(queued)}`, queued > 0 ? 'warn' : 'plain'),
      span(`  clients ${compact(ledger.waiting)}`, ledger.waiting > 0 ? 'warn' : 'plain'),
      span(`  dropped ${compact(messages.dropped)}`, messages.dropped > 0 ? 'bad' : 'muted'),
      ...(ledger.difference === 0 ? [] : [span(`  ${ledger.difference} unaccounted for`, 'bad', true)]),
    ),
    row(
      'clients',
      span(`${status.clients}`),
      span(`  ${plural(status.subscriptions, 'subscription')}`, 'muted'),
      ...(refused > 0 ? [span(`  ${compact(refused)} refused`, 'warn')] : []),
      span(`  ${compact(status.retained)} retained`, 'muted'),
    ),
    row(
      'devices',
      ...counts([
        [devices.online, 'online'],
        [devices.degraded, 'degraded'],
        [devices.offline, 'offline'],
        [devices.paused, 'paused'],
        [devices.starting, 'starting'],
      ]),
    ),
    row(
      'points',
      ...counts([
        [points.good, 'good'],
        [points.stale, 'stale'],
        [points.bad, 'bad'],
      ]),
    ),
    row('links', ...linksRow(model)),
    row('memory', span(bytes(status.rssBytes)), ...(status.store === undefined ? [] : diskSpans(status.store))),
    row('listens', ...listenerSpans(status)),
  ];
}

/** The worst first: what is well needs no attention. */
function serviceLines(model: Model, status: StatusView, room: number): Span[][] {
  const rank = { down: 0, degraded: 1, starting: 2, stopping: 3, up: 4 } as const;
  const now = gatewayNow(model);
  const longest = Math.max(0, ...status.services.map(({ name }) => name.length));
  const nameRoom = Math.min(longest, Math.max(8, room - SERVICE_COLUMNS));
  const hasReasons = room - nameRoom - SERVICE_COLUMNS >= LEAST_REASON;
  return [...status.services]
    .sort((a, b) => rank[a.state] - rank[b.state])
    .map((service) => {
      const { glyph, tone } = signOf(service.state);
      return [
        span(` ${glyph} `, tone),
        span(`${fit(clean(service.name), nameRoom)} `),
        span(service.state.padEnd(9), service.state === 'up' ? 'muted' : tone),
        span(age(service.since, now).padStart(7), 'muted'),
        span(service.reason === undefined || !hasReasons ? '' : `  ${service.reason}`, 'muted'),
      ];
    });
}

function alarmLines(alarm: AlarmView, isSelected: boolean, now: number): readonly [Span[], Span[]] {
  const tone: Tone = alarm.severity === 'error' ? 'bad' : 'warn';
  const { glyph } = signOf(alarm.severity);
  return [
    [
      span(isSelected ? '▸ ' : '  ', 'focus'),
      span(`${glyph} ${alarm.severity.padEnd(6)}`, tone),
      span(`${fit(clean(alarm.subject), SUBJECT)} `, isSelected ? 'focus' : 'plain', isSelected),
      span(`${age(alarm.since, now).padStart(7)}  `, 'muted'),
      span(`${alarm.error.code} `, tone, true),
      span(alarm.error.message),
    ],
    [span('           '), span(alarm.error.hint, 'accent')],
  ];
}

function Alarms(props: { readonly model: Model; readonly area: Area; readonly visible: number }): ReactNode {
  const { model, area, visible } = props;
  const { items, total } = rowsOf(model, 'overview');
  const alarms = items as readonly AlarmView[];
  const cursor = cursorOf(model, 'overview');
  const top = scrollTo(model.lists.overview.top, Math.max(0, cursor), visible, alarms.length);
  const { filter } = model.lists.overview;
  const count = filter === '' ? `${total}` : `${alarms.length}/${total}`;
  const title = [
    span(total === 0 ? 'alarms' : `alarms (${count})`),
    ...(filter === '' ? [] : [span(` /${filter}`, 'accent')]),
  ];
  const none = total === 0 ? '● no alarms: nothing needs a person' : `nothing matches ${filter}`;
  const lines =
    alarms.length === 0
      ? [[span(`  ${none}`, total === 0 ? 'ok' : 'muted')]]
      : alarms
          .slice(top, top + visible)
          .flatMap((alarm, i) => alarmLines(alarm, top + i === cursor, gatewayNow(model)));
  return <TextPanel title={title} width={area.width} height={area.height} focused lines={lines} />;
}

export function Overview(props: { readonly model: Model; readonly layout: Layout }): ReactNode {
  const { model, layout } = props;
  const area = layout.body;
  const { status } = shownData(model);
  if (status === undefined)
    return <TextPanel lines={[[span(' waiting for the gateway', 'muted')]]} title={[]} {...area} />;
  const top = area.height - layout.list.height;
  const isTwo = area.width >= TWO_PANELS;
  const left = isTwo ? Math.floor(area.width * LEFT_SHARE) : area.width;
  const title = [span(status.gateway, 'plain', true), span(` ${status.version}`, 'muted')];
  const up = status.services.filter(({ state }) => state === 'up').length;
  return (
    <Box flexDirection="column" width={area.width} height={area.height}>
      <Box height={top}>
        <TextPanel lines={gatewayLines(model, status)} title={title} width={left} height={top} />
        {isTwo && (
          <TextPanel
            lines={serviceLines(model, status, area.width - left - 2)}
            title={[span(`services (${up}/${status.services.length} up)`)]}
            width={area.width - left}
            height={top}
          />
        )}
      </Box>
      <Alarms model={model} area={layout.list} visible={layout.listRows} />
    </Box>
  );
}
