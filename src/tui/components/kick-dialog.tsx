import type { ReactNode } from 'react';
import type { Area } from '../layout.js';
import { type Span, span, wrapSpans } from '../spans.js';
import type { Model } from '../state.js';
import { useTheme } from './line.js';
import { innerWidth, TextPanel } from './panel.js';

/** Asks before a client is disconnected, and whether its session is to end, too. */
export function KickDialog(props: { readonly model: Model; readonly area: Area }): ReactNode {
  const { model, area } = props;
  const { ascii } = useTheme();
  const { kick } = model;
  if (kick === undefined) return null;
  const client = model.data.clients?.find(({ clientId }) => clientId === kick.clientId);
  const room = Math.max(1, innerWidth(area.width) - 2);
  const say = (...spans: readonly Span[]) => wrapSpans(spans, room, ascii).map((line) => [span(' '), ...line]);
  const kept = kick.forget
    ? span('its session ends: subscriptions and messages that wait for it are gone', 'warn', true)
    : span('its session is kept as long as it asked for', 'plain');
  const lines = [
    ...say(
      span(client === undefined ? 'it has no session any more' : `${client.address}, MQTT ${client.protocol}`, 'muted'),
    ),
    [],
    ...(client?.connected === false
      ? say(span('it has no connection now', 'muted'))
      : say(span('it is told «administrative action» and may come back', 'plain'))),
    ...say(kept, span(kick.forget ? ' · f keeps it' : ' · f ends it', 'muted')),
    [],
    ...(kick.isSending
      ? say(span('◐ waiting for the gateway', 'warn'))
      : say(span('disconnect it now? ', 'warn', true), span('⏎ does, esc does not', 'muted'))),
  ];
  const title = [span('disconnect ', 'accent'), span(kick.clientId, 'focus')];
  return <TextPanel title={title} width={area.width} height={area.height} focused lines={lines} />;
}
