/** The write dialog: what was typed, whether it may be sent, and what came of it. Pure. */
import type { CommandResult, PointView, WriteRequest } from '../api/contract.js';
import type { ErrorView } from '../core/errors.js';

export type WriteValue = WriteRequest['value'];

/**
 * edit: a value is typed · confirm: ⏎ sends · name: a critical point, its name must be typed · sending · done: the
 * outcome is shown.
 */
export type WriteStage = 'edit' | 'confirm' | 'name' | 'sending' | 'done';

export interface Outcome {
  readonly status: CommandResult['status'];
  readonly value: WriteValue | null;
  readonly error?: ErrorView;
}

export interface WriteDialog {
  readonly device: string;
  readonly point: string;
  readonly stage: WriteStage;
  readonly text: string;
  /** The name typed so far, in stage `name`. */
  readonly name: string;
  /** The point's value when `text` was checked, as it is shown. */
  readonly from?: string;
  /** What was parsed from `text`; set from stage `confirm` on. */
  readonly value?: WriteValue;
  /** Why ⏎ did nothing. */
  readonly problem?: string;
  readonly outcome?: Outcome;
}

export function openWrite(device: string, point: string): WriteDialog {
  return { device, point, stage: 'edit', text: '', name: '' };
}

export type Parsed = { readonly value: WriteValue } | { readonly problem: string };

const truths: Readonly<Record<string, boolean>> = {
  true: true,
  on: true,
  '1': true,
  yes: true,
  false: false,
  off: false,
  '0': false,
  no: false,
};

/** Reads a value of the point's kind and checks it against the point's range and step, as the gateway will. */
export function parseValue(source: string, point: PointView): Parsed {
  const text = source.trim();
  if (text === '') return { problem: 'type a value' };
  if (typeof point.value === 'boolean') {
    const value = truths[text.toLowerCase()];
    return value === undefined ? { problem: 'type true or false' } : { value };
  }
  const isText = typeof point.value === 'string' && !/^-?\d+$/.test(point.value);
  if (isText) return { value: text };
  if (/^-?\d+,\d+$/.test(text)) return { problem: 'use a point, not a comma, before the decimals' };
  if (!/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text)) {
    if (point.value === null && point.write?.min === undefined && point.write?.max === undefined)
      return { value: text };
    return { problem: `${JSON.stringify(text)} is not a number` };
  }
  const value = Number(text);
  if (!Number.isFinite(value)) return { problem: 'the number is too large' };
  const { min, max, step } = point.write ?? {};
  const unit = point.unit === undefined ? '' : ` ${point.unit}`;
  if (min !== undefined && value < min) return { problem: `${text} is below the minimum of ${min}${unit}` };
  if (max !== undefined && value > max) return { problem: `${text} is above the maximum of ${max}${unit}` };
  if (step !== undefined && step > 0) {
    const steps = (value - (min ?? 0)) / step;
    if (Math.abs(steps - Math.round(steps)) > 1e-6) return { problem: `the value must be in steps of ${step}${unit}` };
  }
  // Beyond 2^53 a number would be rounded on the way: it travels as its decimal digits.
  if (/^[-+]?\d+$/.test(text) && !Number.isSafeInteger(value)) return { value: text.replace(/^\+/, '') };
  return { value };
}

/** The range, the step and the read-back of a point, in words. */
export function limitsOf(point: PointView): string {
  const { min, max, step, verify } = point.write ?? {};
  const unit = point.unit === undefined ? '' : ` ${point.unit}`;
  const parts: string[] = [];
  if (typeof point.value === 'boolean') parts.push('true or false');
  else if (min !== undefined && max !== undefined) parts.push(`${min} to ${max}${unit}`);
  else if (min !== undefined) parts.push(`at least ${min}${unit}`);
  else if (max !== undefined) parts.push(`at most ${max}${unit}`);
  else parts.push('no range configured');
  if (step !== undefined) parts.push(`step ${step}${unit}`);
  parts.push(verify === true ? 'read back after the write' : 'not read back');
  return parts.join(' · ');
}

/**
 * Shows a value with as many decimals as the point shows, never rounding away what there is.
 *
 * @param shown - the value to be like, where the point's own may be unknown meanwhile
 */
export function valueText(value: WriteValue | null, point: PointView, shown = point.text): string {
  if (value === null) return '—';
  if (typeof value !== 'number') return withUnit(String(value), point);
  const decimalsOf = (text: string) => (/^-?\d+\.(\d+)$/.exec(text)?.[1] ?? '').length;
  const exact = String(value);
  const decimals = exact.includes('e') ? 0 : Math.max(decimalsOf(exact), decimalsOf(shown));
  return withUnit(decimals === 0 ? exact : value.toFixed(decimals), point);
}

function withUnit(text: string, point: PointView): string {
  return point.unit === undefined ? text : `${text} ${point.unit}`;
}

/** A write that threw: refused before it was sent, or nobody knows. */
export function outcomeOfError(error: ErrorView): Outcome {
  switch (error.fault) {
    case 'caller':
    case 'config':
    case 'limit':
      return { status: 'refused', value: null, error };
    case 'device':
      return { status: 'failed', value: null, error };
    case 'peer':
    case 'bug':
      return { status: 'unknown', value: null, error };
  }
}

export function outcomeOfResult(result: CommandResult): Outcome {
  const { status, value, error } = result;
  return error === undefined ? { status, value } : { status, value, error };
}

/** The outcome in one sentence; what to do about it is the error's hint. */
export function outcomeText(outcome: Outcome, point: PointView): string {
  const why = outcome.error === undefined ? '' : ` · ${outcome.error.code} ${outcome.error.message}`;
  switch (outcome.status) {
    case 'verified':
      return `verified ${valueText(outcome.value, point)}`;
    case 'written':
      return `written ${valueText(outcome.value, point)}, not read back`;
    case 'refused':
      return `refused${why}`;
    case 'failed':
      return `failed${why}`;
    case 'unknown':
      return `unknown whether it was written${why}`;
  }
}

/** What to do about an outcome; empty when all is well. */
export function outcomeHint(outcome: Outcome): string {
  if (outcome.status === 'verified' || outcome.status === 'written') return '';
  if (outcome.status === 'unknown') return 'read the point before you write again';
  return outcome.error?.hint ?? '';
}

/** ⏎ in the dialog. `send` means: the caller sends `value` now. */
export function confirmWrite(dialog: WriteDialog, point: PointView): { dialog: WriteDialog; send: boolean } {
  const { problem: _, ...rest } = dialog;
  switch (dialog.stage) {
    case 'edit': {
      const parsed = parseValue(dialog.text, point);
      if ('problem' in parsed) return { dialog: { ...rest, problem: parsed.problem }, send: false };
      const stage = point.write?.critical === true ? 'name' : 'confirm';
      return { dialog: { ...rest, stage, value: parsed.value, from: point.text, name: '' }, send: false };
    }
    case 'confirm':
      return { dialog: { ...rest, stage: 'sending' }, send: true };
    case 'name':
      if (dialog.name !== dialog.point) {
        return { dialog: { ...rest, problem: `type ${dialog.point} exactly` }, send: false };
      }
      return { dialog: { ...rest, stage: 'sending' }, send: true };
    case 'sending':
    case 'done':
      return { dialog, send: false };
  }
}

/** Text typed into the dialog. */
export function editWrite(dialog: WriteDialog, edit: (text: string) => string): WriteDialog {
  const { problem: _, ...rest } = dialog;
  if (dialog.stage === 'edit') return { ...rest, text: edit(dialog.text) };
  if (dialog.stage === 'name') return { ...rest, name: edit(dialog.name) };
  return dialog;
}

/** esc in the dialog: one step back; undefined closes it. */
export function leaveWrite(dialog: WriteDialog): WriteDialog | undefined {
  if (dialog.stage !== 'confirm' && dialog.stage !== 'name') return undefined;
  const { problem: _, value: __, from: ___, ...rest } = dialog;
  return { ...rest, stage: 'edit', name: '' };
}
