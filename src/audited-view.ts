/**
 * The GatewayView with each change that somebody asks for through it in the audit log. Reading is not recorded; writing to
 * points is, by the devices themselves.
 */
import type { GatewayView } from './api/contract.js';
import { type Audit, auditOutcome } from './core/audit.js';

/** Unix does not tell Node who is at the other end of a socket; its file mode says who can be. */
const WHO = 'control socket';

export function auditedView<V extends GatewayView>(view: V, audit: Audit): V {
  /** Records how it ended. The action itself is synchronous or not, as before. */
  const recorded = <T>(action: string, target: string, act: () => T, outcomeOf?: (result: Awaited<T>) => string): T => {
    const done = (result: Awaited<T>) => {
      audit({ who: WHO, action, target, outcome: outcomeOf?.(result) ?? 'done' });
      return result;
    };
    const failed = (error: unknown): never => {
      audit({ who: WHO, action, target, outcome: auditOutcome(error) });
      throw error;
    };
    let result: T;
    try {
      result = act();
    } catch (error) {
      return failed(error);
    }
    if (result instanceof Promise) return result.then(done, failed) as T;
    done(result as Awaited<T>);
    return result;
  };
  return {
    ...view,
    publish: (request) => recorded('publish', request.topic, () => view.publish(request)),
    disconnect: (clientId, forget) =>
      recorded(
        forget ? 'kick client, forget session' : 'kick client',
        clientId,
        () => view.disconnect(clientId, forget),
        (end) => (end === undefined ? 'no such client' : 'done'),
      ),
    pauseDrain: (link, isPaused) =>
      recorded(
        isPaused ? 'pause drain of link' : 'resume drain of link',
        link,
        () => view.pauseDrain(link, isPaused),
        (found) => (found === undefined ? 'no such link' : 'done'),
      ),
    forgetOutbox: (link) =>
      recorded(
        'forget what waits for link',
        link,
        () => view.forgetOutbox(link),
        (gone) => (gone === undefined ? 'nothing waits' : `${gone.messages} messages`),
      ),
    deployFunction: (name, module, source) =>
      recorded(
        `deploy function from ${source}`,
        name,
        () => view.deployFunction(name, module, source),
        ({ versions }) => versions.find(({ current }) => current)?.digest ?? 'done',
      ),
    shadowFunction: (name, module, source, run) =>
      recorded(`shadow function with ${source}${run.promote ? ', to be promoted' : ''}`, name, () =>
        view.shadowFunction(name, module, source, run),
      ),
    changeFunction: (name, change) => recorded(`${change} function`, name, () => view.changeFunction(name, change)),
    identify: (device, signal) => recorded('identify device', device, () => view.identify(device, signal)),
    restart: (reason) => recorded('restart gateway', reason, () => view.restart(reason)),
    pause: (device) => recorded('pause device', device, () => view.pause(device)),
    resume: (device) => recorded('resume device', device, () => view.resume(device)),
    retry: (device) => recorded('retry device', device, () => view.retry(device)),
  };
}
