/** What one call asked of its host and told it: noted of the current version, given again to a candidate. */
import type { HostCalls } from '../core/function.js';

export class Effects {
  readonly times: number[] = [];
  readonly reads = new Map<string, string | undefined>();
  readonly answers: { readonly request: string; readonly response: string }[] = [];
  readonly commands: string[] = [];
}

/** The same host, with notes of what is asked while there are effects to note it in. */
export function noting(host: HostCalls, effects: () => Effects | undefined): HostCalls {
  const { pointRead, pointCommand, http } = host;
  return {
    ...host,
    now() {
      const time = host.now();
      effects()?.times.push(time);
      return time;
    },
    ...(pointRead !== undefined && {
      pointRead(name: string) {
        const found = pointRead(name);
        effects()?.reads.set(name, found);
        return found;
      },
    }),
    ...(pointCommand !== undefined && {
      pointCommand(name: string, value: string) {
        effects()?.commands.push(`${name} ${value}`);
        return pointCommand(name, value);
      },
    }),
    ...(http !== undefined && {
      async http(request: string, signal: AbortSignal) {
        const noted = effects();
        const response = await http(request, signal);
        noted?.answers.push({ request, response });
        return response;
      },
    }),
  };
}

/** A host that does nothing in the world: it answers as the other version was answered, and notes what is told it. */
export function repeating(host: HostCalls, past: () => Effects, own: () => Effects): HostCalls {
  let asked: Effects | undefined;
  let times = 0;
  return {
    ...host,
    now() {
      if (asked !== past()) {
        asked = past();
        times = 0;
      }
      return asked.times[times++] ?? asked.times.at(-1) ?? host.now();
    },
    ...(host.pointRead !== undefined && {
      pointRead: (name: string) => (past().reads.has(name) ? past().reads.get(name) : host.pointRead!(name)),
    }),
    ...(host.pointCommand !== undefined && {
      pointCommand(name: string, value: string) {
        own().commands.push(`${name} ${value}`);
        return 0;
      },
    }),
    ...(host.http !== undefined && {
      async http(request: string) {
        const found = past().answers.find((one) => one.request === request);
        return found?.response ?? JSON.stringify({ error: 'a shadow run sends no requests' });
      },
    }),
  };
}
