import { errorsOf } from "../../src/adapter.js";
const simulatorErrors = {
  SIMULATOR_READ_ONLY: { fault: "caller", hint: "write to a point whose wave is constant" },
  SIMULATOR_TYPE: { fault: "caller", hint: "send a value of the type that `value` of the point has" }
};
const simulatorError = errorsOf(simulatorErrors);
export {
  simulatorError,
  simulatorErrors
};
//# sourceMappingURL=errors.js.map
