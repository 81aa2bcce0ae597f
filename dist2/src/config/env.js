import { parse } from "yaml";
import { nearest } from "../core/nearest.js";
import { fittingVariants, variantsOf } from "./json-schema.js";
import { isPlain } from "./merge.js";
import { shown } from "./values.js";
const normal = (key) => key.replace(/[^A-Za-z0-9]/g, "_").toUpperCase();
function step(place, segment) {
  const variants = place.schemas.flatMap((schema) => fittingVariants(schema, place.value));
  const items = variants.flatMap(({ items: item }) => item === void 0 ? [] : [item]);
  if (items.length > 0 && /^\d+$/.test(segment)) {
    const list = Array.isArray(place.value) ? place.value : [];
    const key2 = Number(segment);
    if (key2 > list.length) return { known: Array.from({ length: list.length + 1 }, (_, index) => String(index)) };
    return { key: key2, place: { value: list[key2], schemas: items } };
  }
  const current = isPlain(place.value) ? place.value : {};
  const declared = variants.flatMap(({ properties }) => Object.keys(properties ?? {}));
  const names = [.../* @__PURE__ */ new Set([...Object.keys(current), ...declared])];
  const open = variants.flatMap(({ additionalProperties: more }) => typeof more === "object" ? [more] : []);
  const key = names.find((one) => normal(one) === segment) ?? (open.length > 0 ? segment.toLowerCase() : void 0);
  if (key === void 0) return { known: names };
  const inside = variants.flatMap(
    ({ properties }) => properties !== void 0 && Object.hasOwn(properties, key) ? [properties[key]] : []
  );
  const value = Object.hasOwn(current, key) ? current[key] : void 0;
  return { key, place: { value, schemas: inside.length > 0 ? inside : open } };
}
function defaultOf(schemas) {
  const found = schemas.find((schema) => schema.default !== void 0)?.default;
  return typeof found === "object" ? found : void 0;
}
function readText(text, schemas) {
  const types = new Set(schemas.flatMap(variantsOf).map(({ type }) => type));
  if (types.has("string") && !types.has("boolean") && !types.has("number") && !types.has("integer")) {
    return types.has("object") && text.trimStart().startsWith("{") ? readYaml(text) : text;
  }
  return readYaml(text);
}
function readYaml(text) {
  try {
    return parse(text, { logLevel: "silent" });
  } catch {
    return text;
  }
}
function settingsOf(env) {
  return Object.entries(env).filter(
    (entry) => entry[0].startsWith("HPMQ_") && entry[0].includes("__") && entry[1] !== void 0
  ).sort(([a], [b]) => a < b ? -1 : 1);
}
function readOverrides(settings, document, schema) {
  const values = [];
  const findings = [];
  let current = document;
  for (const [variable, text] of settings) {
    const path = [];
    let place = { value: current, schemas: [schema] };
    let failed = false;
    for (const segment of variable.slice("HPMQ_".length).split("__")) {
      const initial = place.value === void 0 ? defaultOf(place.schemas) : void 0;
      if (initial !== void 0) {
        current = withValue(current, path, initial);
        place = { ...place, value: initial };
      }
      const next = step(place, segment.toUpperCase());
      if ("known" in next) {
        const close = /^\d+$/.test(segment) ? void 0 : nearest(segment, next.known.map(normal));
        const hint = next.known.length === 0 ? "remove the variable" : `known here: ${next.known.map(normal).join(", ")}${close === void 0 ? "" : ` (did you mean ${close}?)`}`;
        findings.push({ variable, path, at: "value", message: `there is no setting ${shown(segment)}`, hint });
        failed = true;
        break;
      }
      path.push(next.key);
      place = next.place;
    }
    if (failed) continue;
    const override = { variable, path, value: readText(text, place.schemas) };
    values.push(override);
    current = withValue(current, path, override.value);
  }
  return { document: current, values, findings };
}
function withValue(document, path, value) {
  const [segment, ...rest] = path;
  if (segment === void 0) return value;
  if (typeof segment === "number") {
    const list = Array.isArray(document) ? [...document] : [];
    list[segment] = withValue(list[segment], rest, value);
    return list;
  }
  const current = isPlain(document) ? document : {};
  const inner = Object.hasOwn(current, segment) ? current[segment] : void 0;
  return { ...current, [segment]: withValue(inner, rest, value) };
}
export {
  readOverrides,
  settingsOf
};
//# sourceMappingURL=env.js.map
