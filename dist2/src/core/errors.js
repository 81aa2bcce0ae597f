class GatewayError extends Error {
  name = "GatewayError";
  code;
  fault;
  hint;
  details;
  constructor(code, kind, message, options = {}) {
    super(message, options.cause === void 0 ? void 0 : { cause: options.cause });
    this.code = code;
    this.fault = kind.fault;
    this.hint = options.hint ?? kind.hint;
    this.details = options.details ?? {};
  }
}
function errorsOf(catalogue) {
  return (code, message, options) => new GatewayError(code, catalogue[code], message, options);
}
const coreErrors = {
  INTERNAL: { fault: "bug", hint: "this is a defect of hpmq; please report it with the stack from the log" },
  STOPPED: { fault: "limit", hint: "the gateway is stopping; try again when it is back" }
};
const coreError = errorsOf(coreErrors);
function toGatewayError(error) {
  if (error instanceof GatewayError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return coreError("INTERNAL", message, { cause: error });
}
function errorView(error) {
  const { code, fault, message, hint, details } = error;
  return Object.keys(details).length > 0 ? { code, fault, message, hint, details } : { code, fault, message, hint };
}
export {
  GatewayError,
  coreError,
  coreErrors,
  errorView,
  errorsOf,
  toGatewayError
};
//# sourceMappingURL=errors.js.map
