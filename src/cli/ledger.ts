/** The books as a table: each side of both equations, reasons below their sum, and whether they balance. */
import type { LedgerView } from '../core/views.js';
import { words } from './text.js';

type Row = readonly [title: string, count: number, indent?: true];

function reasons(counts: Readonly<Record<string, number | undefined>>): readonly Row[] {
  return Object.entries(counts)
    .map(([name, count = 0]): Row => [words(name), count, true])
    .sort(([, a], [, b]) => b - a);
}

/** Only where functions had messages. */
function transformed({ transformed, discarded }: LedgerView['messages']): readonly Row[] {
  if (transformed === 0) return [];
  return [
    ['+ transformed (given to functions)', transformed],
    ['of which nothing came', discarded, true],
  ];
}

export function ledgerLines({ messages, copies }: LedgerView): readonly string[] {
  const books: readonly (readonly [title: string, rows: readonly Row[], difference: number])[] = [
    [
      'MESSAGES',
      [
        ['received', messages.received],
        ['from clients', messages.fromClients, true],
        ['from devices, links and the gateway', messages.fromInside, true],
        ...(messages.transformed > 0 ? [['+ made by functions', messages.made] as const] : []),
        ['= routed', messages.routed],
        ['+ unmatched (nobody subscribes)', messages.unmatched],
        ['+ refused', messages.refused],
        ...reasons(messages.refusedBy),
        ...(messages.duplicates > 0 ? [['+ duplicates, from peers', messages.duplicates] as const] : []),
        ...transformed(messages),
      ],
      messages.difference,
    ],
    [
      'COPIES',
      [
        ['made', copies.made],
        ['for subscribers', copies.routed, true],
        ['of retained messages', copies.replayed, true],
        ['found in the store at start', copies.restored, true],
        ['= delivered', copies.delivered],
        ['+ in flight', copies.inFlight],
        ['+ queued', copies.queued],
        ['+ expired', copies.expired],
        ['+ dropped', copies.dropped],
        ...reasons(copies.droppedBy),
      ],
      copies.difference,
    ],
  ];
  const titles = books.flatMap(([, rows]) => rows.map(([title, , indent]) => title.length + (indent ? 4 : 0)));
  const titleWidth = Math.max(...titles);
  const countWidth = Math.max(...books.flatMap(([, rows]) => rows.map(([, count]) => String(count).length)));
  const line = ([title, count, indent]: Row) =>
    `${(indent ? `    ${title}` : title).padEnd(titleWidth)}  ${String(count).padStart(countWidth)}`;
  return books.flatMap(([title, rows, difference], i) => [
    ...(i === 0 ? [] : ['']),
    title,
    ...rows.map(line),
    difference === 0 ? 'the books balance' : `the books do not balance: ${difference} unaccounted for`,
  ]);
}
