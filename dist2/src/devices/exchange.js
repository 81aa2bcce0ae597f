import { GatewayError, toGatewayError } from "../core/errors.js";
import { devicesError } from "./errors.js";
function notSent(error) {
  return { ok: false, error, ms: 0, timedOut: false, lost: false, sent: false };
}
async function perform(exchange, session, options, timeoutMs, clock, log) {
  const name = exchange.device;
  const startedAt = clock.monotonic();
  const controller = new AbortController();
  let timedOut = false;
  let timer = clock.after(timeoutMs, () => {
    timedOut = true;
    const details = { device: name, timeoutMs };
    controller.abort(devicesError("DEVICE_TIMEOUT", `${name} did not answer within ${timeoutMs} ms`, { details }));
    timer = clock.after(
      2 * timeoutMs + 1e3,
      () => session.close(devicesError("ADAPTER_STUCK", `the exchange with ${name} did not end after its deadline`))
    );
  });
  const { promise: lost, reject } = Promise.withResolvers();
  lost.catch(() => {
  });
  using _end = session.onEnd((error) => {
    reject(error);
    controller.abort(error);
  });
  try {
    const answer = exchange.run(session.device(name, options), controller.signal);
    const value = await Promise.race([answer, lost]);
    return { ok: true, value, ms: clock.monotonic() - startedAt };
  } catch (thrown) {
    if (!(thrown instanceof GatewayError) && session.defects++ === 0) {
      log.error({ err: thrown, device: name }, "the adapter threw something that is not a GatewayError");
    }
    const lost2 = session.error !== void 0;
    return { ok: false, error: toGatewayError(thrown), ms: clock.monotonic() - startedAt, timedOut, lost: lost2, sent: true };
  } finally {
    timer.cancel();
  }
}
export {
  notSent,
  perform
};
//# sourceMappingURL=exchange.js.map
