/** The tree of topics, and beside it the messages below the cursor as they come. */
import { Box } from 'ink';
import type { ReactNode } from 'react';
import { bytes, compact, timeOfDay } from '../format.js';
import type { Layout } from '../layout.js';
import { selectedTopic, shownData, wantedStreams } from '../select.js';
import { type Span, span, spread, wrapSpans } from '../spans.js';
import type { Model, PayloadMode, TailRow } from '../state.js';
import { clean, cutStart } from '../text.js';
import { Line, Lines, useTheme } from './line.js';
import { listTitle } from './list.js';
import { innerWidth, Panel } from './panel.js';
import { Table } from './table.js';

/** One payload fills at most this many lines. */
const MAX_LINES = 24;
const MAX_CHARACTERS = 4_096;
/** From this width on a message also tells its QoS and size. */
const ROOMY = 60;
/** What the title line has besides the filter. */
const TITLE_CHROME = 16;

function bytesOf(message: TailRow['message']): Buffer {
  return message.text === undefined ? Buffer.from(message.base64 ?? '', 'base64') : Buffer.from(message.text);
}

function hexLines(data: Buffer, width: number): string[] {
  const perLine = Math.max(4, Math.floor((width - 2) / 3));
  const lines: string[] = [];
  for (let at = 0; at < data.length && lines.length < MAX_LINES; at += perLine) {
    lines.push([...data.subarray(at, at + perLine)].map((byte) => byte.toString(16).padStart(2, '0')).join(' '));
  }
  return lines;
}

function payloadLines({ message }: TailRow, mode: PayloadMode, width: number): string[] {
  if (message.bytes === 0) return ['(empty)'];
  if (mode === 'hex' || message.text === undefined) return hexLines(bytesOf(message), width);
  const text = message.text.slice(0, MAX_CHARACTERS);
  if (mode === 'json') {
    try {
      return JSON.stringify(JSON.parse(message.text), null, 2).split('\n');
    } catch {
      // Not JSON: shown as it is.
    }
  }
  return text.split('\n').map((line) => clean(line));
}

/** Two or more lines per message: when and where, then what. */
function messageLines(row: TailRow, base: string, mode: PayloadMode, width: number, ascii: boolean): Span[][] {
  const { message } = row;
  const isBelow = base !== '' && message.topic.startsWith(`${base}/`);
  const name = message.topic === base ? '' : isBelow ? message.topic.slice(base.length + 1) : message.topic;
  const size = width < ROOMY ? '' : `q${message.qos} ${bytes(message.bytes)}`;
  const flags = [message.stored ? 'ret' : '', size].join(' ').trim();
  const left = [span(` ${timeOfDay(message.at)} `, 'muted'), span(name, 'accent')];
  const head = spread(left, [span(` ${flags} `, 'muted')], width, ascii);
  const body = payloadLines(row, mode, width - 2).flatMap((line) => wrapSpans([span(line)], width - 2, ascii));
  const shown = body.slice(0, MAX_LINES).map((line) => [span('  '), ...line]);
  return body.length > MAX_LINES ? [head, ...shown, [span('  …', 'muted')]] : [head, ...shown];
}

/** The last lines of the tail that end `back` lines before its end; only as many messages as needed are laid out. */
export function tailLines(model: Model, width: number, height: number, ascii: boolean): Span[][] {
  const { tail } = shownData(model);
  const base = selectedTopic(model)?.path ?? '';
  let lines: Span[][] = [];
  for (let i = tail.length - 1; i >= 0 && lines.length < height + model.tailBack; i--) {
    lines = [...messageLines(tail[i]!, base, model.payloadMode, width, ascii), ...lines];
  }
  const end = Math.max(Math.min(height, lines.length), lines.length - model.tailBack);
  return lines.slice(Math.max(0, end - height), end);
}

function Tail(props: { readonly model: Model; readonly width: number; readonly height: number }): ReactNode {
  const { model } = props;
  const { ascii } = useTheme();
  const data = shownData(model);
  const width = innerWidth(props.width);
  const error = data.tailError ?? data.topicsError;
  const lines = tailLines(model, width, Math.max(0, props.height - 2), ascii);
  const nothing = error === undefined ? ' no message yet' : ` ✕ ${error.code} ${error.message}`;
  const dropped =
    data.tailDropped > 0 ? [span(`${compact(data.tailDropped)} not shown`, 'warn'), span(' · ', 'muted')] : [];
  return (
    <Panel
      title={[span('tail '), span(cutStart(wantedStreams(model).tail ?? '', width - TITLE_CHROME, ascii), 'accent')]}
      info={[...dropped, span(model.payloadMode, 'muted')]}
      width={props.width}
      height={props.height}
      focused={model.pane === 1}
    >
      {lines.length === 0 && <Line spans={[span(nothing, error === undefined ? 'muted' : 'bad')]} width={width} />}
      <Lines lines={lines} width={width} />
    </Panel>
  );
}

export function Topics(props: { readonly model: Model; readonly layout: Layout }): ReactNode {
  const { model, layout } = props;
  const { list, pane } = layout;
  return (
    <Box width={layout.body.width} height={layout.body.height}>
      <Panel title={listTitle(model, list.width)} width={list.width} height={list.height} focused={model.pane === 0}>
        <Table model={model} width={innerWidth(list.width)} rows={layout.listRows} />
      </Panel>
      {pane !== undefined && <Tail model={model} width={pane.width} height={pane.height} />}
    </Box>
  );
}
