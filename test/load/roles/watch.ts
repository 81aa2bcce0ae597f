/**
 * Sees when a core is taken away from everybody who runs on it, by the host of a virtual machine or by the kernel: a process
 * of real-time priority that does nothing but wake up. What other processes do on that core it does not see.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Context } from './role.js';

/** ms of CLOCK_MONOTONIC, which is the same in all processes. */
export type Pause = readonly [from: number, to: number];

const STEP_MS = 0.5;
/** Waking up takes so long on a virtual machine, ms. */
const LATE_MS = 0.25;
/** Then it hears what it is told. */
const STEPS = 40;

const offset = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** ms of CLOCK_MONOTONIC. @param at - as `performance.now()` says it in this process */
export function monotonic(at: number): number {
  return at + offset;
}

/** Watches from each `start` to the next `stop`; says its {@link Pause}s as JSON. */
export async function watch(context: Context, _options: object): Promise<void> {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  context.say('ready');
  for (;;) {
    await context.hear('start');
    let isOver = false;
    void context.hear('stop').then(() => {
      isOver = true;
    });
    const pauses: Pause[] = [];
    let last = performance.now();
    while (!isOver) {
      for (let step = 0; step < STEPS; step++) {
        Atomics.wait(cell, 0, 0, STEP_MS);
        const now = performance.now();
        if (now - last > STEP_MS + LATE_MS) pauses.push([monotonic(last), monotonic(now)]);
        last = now;
      }
      await turn();
    }
    context.say(JSON.stringify(pauses));
  }
}
