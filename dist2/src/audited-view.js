import { auditOutcome } from "./core/audit.js";
const WHO = "control socket";
function auditedView(view, audit) {
  const recorded = (action, target, act, outcomeOf) => {
    const done = (result2) => {
      audit({ who: WHO, action, target, outcome: outcomeOf?.(result2) ?? "done" });
      return result2;
    };
    const failed = (error) => {
      audit({ who: WHO, action, target, outcome: auditOutcome(error) });
      throw error;
    };
    let result;
    try {
      result = act();
    } catch (error) {
      return failed(error);
    }
    if (result instanceof Promise) return result.then(done, failed);
    done(result);
    return result;
  };
  return {
    ...view,
    publish: (request) => recorded("publish", request.topic, () => view.publish(request)),
    write: (device, point, request, signal) => recorded(
      "write point",
      `${device}.${point}`,
      () => view.write(device, point, request, signal),
      (result) => result.status
    ),
    pause: (device) => recorded("pause device", device, () => view.pause(device)),
    resume: (device) => recorded("resume device", device, () => view.resume(device)),
    retry: (device) => recorded("retry device", device, () => view.retry(device))
  };
}
export {
  auditedView
};
//# sourceMappingURL=audited-view.js.map
