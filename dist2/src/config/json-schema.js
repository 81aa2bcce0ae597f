import { z } from "zod";
import { createConfigSchema } from "./schema.js";
function configJsonSchema(adapters) {
  const schema = z.toJSONSchema(createConfigSchema(adapters), { io: "input", unrepresentable: "any" });
  return { title: "HPMQ gateway configuration", ...schema };
}
function variantsOf(schema) {
  const inner = schema.oneOf ?? schema.anyOf;
  return inner === void 0 ? [schema] : inner.flatMap(variantsOf);
}
function fittingVariants(schema, value) {
  const variants = variantsOf(schema);
  if (typeof value !== "object" || value === null) return variants;
  const fitting = variants.filter(
    ({ properties }) => properties !== void 0 && Object.entries(properties).every(
      ([key, { const: constant }]) => constant === void 0 || constant === value[key]
    )
  );
  return fitting.length > 0 ? fitting : variants;
}
export {
  configJsonSchema,
  fittingVariants,
  variantsOf
};
//# sourceMappingURL=json-schema.js.map
