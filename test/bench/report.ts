/** The results as a compact table. */
import { FIRST_SECONDS } from './load.js';
import type { Measurement } from './measure.js';

export interface Row {
  readonly scenario: string;
  readonly title: string;
  readonly broker: string;
  /** Absent when the broker could not be measured. */
  readonly result?: Measurement;
  /** Smallest and largest CPU figure of the rounds. */
  readonly cpuRange?: readonly [number, number];
  /** CPU figure ÷ that of the reference, and that of the first seconds: the middle of those of each round; NaN: there is none. */
  readonly ratio?: number;
  readonly firstRatio?: number;
  readonly problem?: string;
  /** Rounds that were played; those of the result are the calmest. */
  readonly made?: number;
}

const HEAD = [
  'broker',
  'CPU s/M',
  'min–max',
  'ratio',
  'msg/s',
  'p50 ms',
  'p99 ms',
  'RSS MiB',
  'gen CPU',
  'lost',
  'stolen',
];
const IDLE_HEAD = ['broker', 'CPU s/M', 'min–max', 'ratio', 'connects/s', 'KiB each', 'RSS MiB'];

function number(value: number): string {
  if (!Number.isFinite(value)) return '—';
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

export function table(rows: readonly Row[]): string {
  const lines: string[] = [];
  for (const id of new Set(rows.map(({ scenario }) => scenario))) {
    const group = rows.filter(({ scenario }) => scenario === id);
    const { title, made } = group[0]!;
    lines.push(`${id}  ${title}${made === undefined ? '' : `, ${made} rounds`}`);
    const isIdle = group.some(({ result }) => result !== undefined && !Number.isNaN(result.bytesEach));
    const head = isIdle ? IDLE_HEAD : HEAD;
    const cells = group.map(({ broker, result, cpuRange, ratio, problem }) => {
      if (result === undefined) return [broker, problem ?? 'no result'];
      const cpu = [
        broker,
        number(result.cpuSecondsPerMillion),
        (cpuRange ?? []).map(number).join('–'),
        ratioCell(ratio),
      ];
      return [...cpu, ...(isIdle ? idleCells(result) : loadCells(result))];
    });
    const full = [head, ...cells.filter((row) => row.length === head.length)];
    const widths = head.map((_, column) => Math.max(...full.map((row) => row[column]!.length), column === 0 ? 10 : 0));
    for (const row of [head, ...cells]) {
      const padded = row.map((cell, column) =>
        column === 0 || row.length < head.length ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
      );
      lines.push(`   ${padded.join('  ').trimEnd()}`);
    }
    for (const row of group)
      if (row.result?.firstCpuSecondsPerMillion !== undefined)
        lines.push(`   ${firstLine(row, row.result.firstCpuSecondsPerMillion)}`);
    for (const { broker, result } of group)
      if (result?.disk !== undefined) lines.push(`   ${diskLine(broker, result.disk)}`);
    lines.push('');
  }
  return lines.join('\n');
}

function ratioCell(ratio = Number.NaN): string {
  return Number.isNaN(ratio) ? '—' : ratio.toFixed(3);
}

function firstLine({ broker, firstRatio }: Row, first: number): string {
  return `${broker}: in the first ${FIRST_SECONDS} s of its load ${number(first)} CPU s/M, ratio ${ratioCell(firstRatio)}`;
}

function diskLine(broker: string, disk: NonNullable<Measurement['disk']>): string {
  const { syncsPerSecond, publishedPerSecond, loopP99Ms } = disk;
  const loop = Number.isNaN(loopP99Ms) ? '' : `; event loop late by ${number(loopP99Ms)} ms (p99)`;
  return `${broker}: ${number(syncsPerSecond)} fsync and fdatasync per second (strace, at ${number(publishedPerSecond)} msg/s)${loop}`;
}

function loadCells(result: Measurement): string[] {
  return [
    result.publishedPerSecond.toFixed(0),
    number(result.p50Ms),
    number(result.p99Ms),
    number(result.residentBytes / 1_048_576),
    `${Math.round(result.generatorCpu * 100)} %`,
    String(result.lost),
    `${(result.stolen * 100).toFixed(1)} %`,
  ];
}

function idleCells(result: Measurement): string[] {
  return [
    result.connectsPerSecond.toFixed(0),
    number(result.bytesEach / 1_024),
    number(result.residentBytes / 1_048_576),
  ];
}
