import { Document, isScalar, visit } from "yaml";
import { configJsonSchema, fittingVariants } from "./json-schema.js";
import { covers } from "./load.js";
import { isPlain } from "./merge.js";
function withDefaults(value, schema) {
  if (Array.isArray(value)) {
    const item = fittingVariants(schema, value).find(({ items }) => items !== void 0)?.items;
    return item === void 0 ? value : value.map((one) => withDefaults(one, item));
  }
  if (!isPlain(value)) return value;
  const variant = fittingVariants(schema, value).find(({ type }) => type === "object");
  if (variant === void 0) return value;
  const { properties = {}, additionalProperties: more } = variant;
  const filled = {};
  for (const [key, inner] of Object.entries(properties)) {
    const given = Object.hasOwn(value, key) ? value[key] : inner.default;
    if (given !== void 0) filled[key] = withDefaults(given, inner);
  }
  for (const [key, given] of Object.entries(value)) {
    if (!Object.hasOwn(properties, key)) filled[key] = typeof more === "object" ? withDefaults(given, more) : given;
  }
  return filled;
}
function withoutSecrets(value, key = "") {
  if (Array.isArray(value)) return value.map((one) => withoutSecrets(one));
  if (isPlain(value))
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withoutSecrets(inner, name)]));
  return /^(password|token|secret|key)$/i.test(key) && value !== void 0 ? "(secret)" : value;
}
function effectiveConfig(loaded, adapters) {
  const filled = withDefaults(loaded.document.value, configJsonSchema(adapters));
  const { gateway, broker } = loaded.config;
  return withoutSecrets({
    ...filled,
    gateway: { ...filled.gateway, id: gateway.id },
    broker: {
      ...filled.broker,
      auth: { ...filled.broker?.auth, anonymous: broker.listeners.every((one) => one.auth.anonymous) }
    }
  });
}
function originOf(loaded, path) {
  const { source, overrides } = loaded.document;
  const override = overrides.findLast((one) => covers(one.path, path));
  if (override !== void 0) return override.variable;
  if (source?.has(path)) return `${source.file}:${source.locate(path, "value").line}`;
  return path.join(".") === "gateway.id" ? "host name" : "default";
}
function effectiveYaml(loaded, adapters, options = {}) {
  const document = new Document(effectiveConfig(loaded, adapters));
  if (options.origin) {
    visit(document, {
      Scalar(key, node, ancestors) {
        if (key === "key") return;
        const path = [];
        const nodes = [...ancestors, node];
        for (const [index, ancestor] of nodes.entries()) {
          const parent = nodes[index - 1];
          const pairKey = ancestor.key;
          if (isScalar(pairKey)) path.push(String(pairKey.value));
          else if (parent?.items !== void 0 && pairKey === void 0) path.push(parent.items.indexOf(ancestor));
        }
        node.comment = ` ${originOf(loaded, path)}`;
      }
    });
  }
  return document.toString({ lineWidth: 0 });
}
export {
  effectiveConfig,
  effectiveYaml
};
//# sourceMappingURL=show.js.map
