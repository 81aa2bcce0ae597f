/** What a shadow run has found. */
import type { Hook } from '../core/function.js';
import type { ShadowDifference, ShadowOptions, ShadowSide } from '../core/shadow-views.js';
import { type Answer, differencesOf, failureOf } from './answers.js';

export interface Found {
  readonly current: ShadowSide;
  readonly candidate: ShadowSide;
  readonly messages: number;
  readonly equal: number;
  readonly different: number;
  readonly differences: readonly ShadowDifference[];
  readonly refusal: string | null;
}

interface Named {
  readonly digest: string;
  readonly source: string;
}

class Side {
  readonly #named: Named;
  #failures = 0;
  #fuel = 0;
  #ms = 0;

  constructor(named: Named) {
    this.#named = named;
  }

  add(hook: Hook, answer: Answer): void {
    if (failureOf(hook, answer) !== undefined) this.#failures++;
    this.#fuel += answer.fuel;
    this.#ms += answer.ms;
  }

  view(calls: number): ShadowSide {
    const { digest, source } = this.#named;
    const mean = (sum: number) => (calls === 0 ? null : sum / calls);
    return { digest, source, failures: this.#failures, fuel: mean(this.#fuel), us: mean(this.#ms * 1_000) };
  }
}

export class Tally {
  readonly #o: ShadowOptions;
  readonly #current: Side;
  readonly #candidate: Side;
  readonly #differences: ShadowDifference[] = [];
  #messages = 0;
  #different = 0;

  constructor(options: ShadowOptions, current: Named, candidate: Named) {
    this.#o = options;
    this.#current = new Side(current);
    this.#candidate = new Side(candidate);
  }

  add(hook: Hook, frame: Buffer, current: Answer, candidate: Answer): void {
    this.#messages++;
    this.#current.add(hook, current);
    this.#candidate.add(hook, candidate);
    const lines = differencesOf(hook, current, candidate, this.#o.jsonEqual);
    if (lines.length === 0) return;
    this.#different++;
    if (this.#differences.length >= this.#o.show) return;
    this.#differences.push({ number: this.#messages, hook, about: aboutOf(hook, frame), lines });
  }

  /** @param skipped - calls that were not compared */
  found(skipped = 0): Found {
    return {
      current: this.#current.view(this.#messages),
      candidate: this.#candidate.view(this.#messages),
      messages: this.#messages,
      equal: this.#messages - this.#different,
      different: this.#different,
      differences: this.#differences,
      refusal: this.#refusal(skipped),
    };
  }

  #refusal(skipped: number): string | null {
    if (this.#messages === 0) return 'nothing was compared: no message came';
    const bad = this.#different + skipped;
    if (bad <= this.#o.allow) return null;
    const parts = [
      ...(this.#different > 0 ? [`${this.#different} of ${this.#messages} calls gave something else`] : []),
      ...(skipped > 0 ? [`${skipped} were not compared`] : []),
    ];
    return `${parts.join(', ')}; allowed: ${this.#o.allow}`;
  }
}

/** The topic of a message, or the device of a frame. */
function aboutOf(hook: Hook, frame: Buffer): string {
  if (hook === 'on_timer' || hook === 'on_start' || hook === 'on_connect') return '';
  const at = hook === 'on_message' ? 1 : 0;
  return frame.toString('utf8', at + 2, at + 2 + frame.readUInt16LE(at)).slice(0, 256);
}
