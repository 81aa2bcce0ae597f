import { z } from "zod";
function merged(own, common) {
  for (const key of Object.keys(own.shape)) {
    if (Object.hasOwn(common, key)) throw new TypeError(`the key "${key}" belongs to the gateway, not to an adapter`);
  }
  return own.safeExtend(common).strict();
}
function isPlain(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
function partOf(schema, value) {
  return Object.fromEntries(Object.keys(schema.shape).flatMap((key) => key in value ? [[key, value[key]]] : []));
}
function portKeys(schemas) {
  const variants = /* @__PURE__ */ new Map();
  for (const schema of schemas) {
    const { properties = {} } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
    for (const [key, value] of Object.entries(properties))
      variants.set(key, [...variants.get(key) ?? [], value]);
  }
  return Object.fromEntries(
    [...variants].map(([key, [first, ...others]]) => [
      key,
      z.unknown().optional().meta(others.length === 0 ? first : { anyOf: [first, ...others] })
    ])
  );
}
export {
  isPlain,
  merged,
  partOf,
  portKeys
};
//# sourceMappingURL=merge.js.map
