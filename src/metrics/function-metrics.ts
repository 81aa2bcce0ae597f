/** Functions: what they cost, and what they did not manage. */
import type { Definitions } from './definitions.js';

export function defineFunctions({ counter, gauge }: Definitions): void {
  gauge(
    'function_up',
    '1: the function is asked; 0: it is down, paused, or rests after errors',
    ({ functions }, set) => {
      for (const { name, state } of functions) set(Number(state === 'up'), name);
    },
    'function',
  );
  counter(
    'function_calls_total',
    'Calls that ended, well or not',
    ({ functions }, set) => {
      for (const { name, calls } of functions) set(calls, name);
    },
    'function',
  );
  counter(
    'function_messages_total',
    'Messages that the function gave or published',
    ({ functions }, set) => {
      for (const { name, messagesOut } of functions) set(messagesOut, name);
    },
    'function',
  );
  counter(
    'function_failures_total',
    'Calls without an answer; open and down: the function was not asked',
    ({ functions }, set) => {
      for (const { name, failures } of functions) {
        for (const [cause, count] of Object.entries(failures)) set(count, name, cause);
      }
    },
    'function',
    'cause',
  );
  counter(
    'function_unanswered_messages_total',
    'What became of the messages of such calls',
    ({ functions }, set) => {
      for (const { name, passed, dropped, deadLetters } of functions) {
        set(passed, name, 'passed');
        set(dropped, name, 'dropped');
        set(deadLetters, name, 'dead_letter');
      }
    },
    'function',
    'fate',
  );
  counter(
    'function_rate_limited_total',
    'Messages that were not sent because of limits.rate, limits.outputs or the rate of dead letters',
    ({ functions }, set) => {
      for (const { name, rateLimited } of functions) set(rateLimited, name);
    },
    'function',
  );
  gauge(
    'function_call_seconds',
    'Duration of the last calls',
    ({ functions }, set) => {
      for (const { name, ms } of functions) {
        if (ms.p50 !== null) set(ms.p50 / 1_000, name, '0.5');
        if (ms.p95 !== null) set(ms.p95 / 1_000, name, '0.95');
      }
    },
    'function',
    'quantile',
  );
  counter(
    'function_fuel_total',
    'Steps that calls took: function entries and loop turns',
    ({ functions }, set) => {
      for (const { name, fuelUsed } of functions) set(fuelUsed, name);
    },
    'function',
  );
  gauge(
    'function_memory_bytes',
    'Linear memory',
    ({ functions }, set) => {
      for (const { name, memory } of functions) set(memory, name);
    },
    'function',
  );
  gauge(
    'function_waiting_calls',
    'Calls that wait or run',
    ({ functions }, set) => {
      for (const { name, waiting } of functions) set(waiting, name);
    },
    'function',
  );
  gauge(
    'function_kv_bytes',
    'Keys and values that it keeps',
    ({ functions }, set) => {
      for (const { name, kv } of functions) if (kv !== undefined) set(kv.bytes, name);
    },
    'function',
  );
}
