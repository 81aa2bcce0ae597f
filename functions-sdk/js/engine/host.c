/* The object `hpmq`: what the gateway offers. prelude.js makes the comfortable side of it. */
#include "engine.h"

IMPORT("hpmq", "config") uint64_t host_config(const void *key, uint32_t length);
IMPORT("hpmq", "kv_get") uint64_t host_kv_get(const void *key, uint32_t length);
IMPORT("hpmq", "kv_set") int host_kv_set(const void *key, uint32_t key_length, const void *value, uint32_t length);
IMPORT("hpmq", "kv_delete") int host_kv_delete(const void *key, uint32_t length);
IMPORT("hpmq", "publish") int host_publish(const void *record, uint32_t length);
IMPORT("hpmq", "point_read") uint64_t host_point_read(const void *name, uint32_t length);
IMPORT("hpmq", "point_command") int host_point_command(const void *name, uint32_t name_length, const void *value, uint32_t length);
IMPORT("hpmq", "http") uint64_t host_http(const void *request, uint32_t length);

enum { CONFIG, KV_GET, POINT_READ, HTTP, KV_DELETE };

static int may(const char *what, int need) {
  static const char *const names[] = {"", "kv", "publish", "", "points", "", "", "", "http"};
  if (is_building) JS_ThrowTypeError(ctx, "%s is not there while the module is loaded: call it in a hook, or in onStart", what);
  else if ((granted & need) != need) JS_ThrowTypeError(ctx, "%s is not there: export const needs = ['%s']", what, names[need]);
  else return 1;
  return 0;
}

static JSValue answered(uint64_t packed, int is_bytes) {
  if (!packed) return JS_UNDEFINED;
  uint8_t *data = (uint8_t *)(uintptr_t)(packed >> 32);
  uint32_t length = (uint32_t)packed;
  JSValue value;
  if (is_bytes) value = copied_bytes(data, length);
  else {
    data[length] = 0;
    value = JS_ParseJSON(ctx, (const char *)data, length, "answer");
  }
  free(data);
  return value;
}

/* One text in. */
static JSValue ask(JSContext *c, JSValueConst self, int count, JSValueConst *arguments, int which) {
  (void)self, (void)count;
  static const char *const names[] = {"hpmq.config()", "hpmq.kv", "hpmq.point", "hpmq.http()", "hpmq.kv"};
  static const int needs[] = {0, NEED_KV, NEED_POINTS, NEED_HTTP, NEED_KV};
  if (!may(names[which], needs[which])) return JS_EXCEPTION;
  size_t length;
  const char *text = JS_ToCStringLen(c, &length, arguments[0]);
  if (!text) return JS_EXCEPTION;
  JSValue value = JS_UNDEFINED;
  switch (which) {
    case CONFIG: value = answered(host_config(text, length), 0); break;
    case KV_GET: value = answered(host_kv_get(text, length), 1); break;
    case POINT_READ: value = answered(host_point_read(text, length), 0); break;
    case HTTP: value = answered(host_http(text, length), 0); break;
    default: host_kv_delete(text, length);
  }
  JS_FreeCString(c, text);
  return value;
}

static JSValue kv_set(JSContext *c, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  if (!may("hpmq.kv", NEED_KV)) return JS_EXCEPTION;
  size_t length;
  Writer value = {0, 0, 0, 0};
  const char *key = JS_ToCStringLen(c, &length, arguments[0]);
  JSValue result = JS_EXCEPTION;
  if (key && !put_payload(&value, arguments[1]) && !value.is_broken)
    result = JS_NewBool(c, host_kv_set(key, length, value.data + 4, value.length - 4) == 0);
  free(value.data);
  JS_FreeCString(c, key);
  return result;
}

static JSValue point_command(JSContext *c, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  if (!may("hpmq.point", NEED_POINTS)) return JS_EXCEPTION;
  size_t length, value_length;
  JSValue json = JS_JSONStringify(c, arguments[1], JS_UNDEFINED, JS_UNDEFINED);
  const char *name = JS_ToCStringLen(c, &length, arguments[0]);
  const char *value = JS_IsException(json) ? 0 : JS_ToCStringLen(c, &value_length, json);
  JSValue result = JS_EXCEPTION;
  if (name && value) result = JS_NewInt32(c, host_point_command(name, length, value, value_length));
  JS_FreeCString(c, name);
  JS_FreeCString(c, value);
  JS_FreeValue(c, json);
  return result;
}

static JSValue publish(JSContext *c, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  if (!may("hpmq.publish()", NEED_PUBLISH)) return JS_EXCEPTION;
  Writer record = {0, 0, 0, 0};
  JSValue result = JS_EXCEPTION;
  if (!put_message(&record, arguments[0], JS_UNDEFINED) && !record.is_broken)
    result = JS_NewInt32(c, host_publish(record.data, record.length));
  free(record.data);
  return result;
}

static JSValue log_line(JSContext *c, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  int32_t level;
  size_t length;
  if (JS_ToInt32(c, &level, arguments[0])) return JS_EXCEPTION;
  const char *text = JS_ToCStringLen(c, &length, arguments[1]);
  if (!text) return JS_EXCEPTION;
  if (!is_building) host_log(level, text, length);
  JS_FreeCString(c, text);
  return JS_UNDEFINED;
}

static JSValue now(JSContext *c, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count, (void)arguments;
  return may("hpmq.now()", 0) ? JS_NewInt64(c, host_now()) : JS_EXCEPTION;
}

static JSValue random_bytes(JSContext *c, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  uint32_t length;
  if (!may("hpmq.random()", 0) || JS_ToUint32(c, &length, arguments[0])) return JS_EXCEPTION;
  if (length > 65536) return JS_ThrowRangeError(c, "at most 65536 bytes at a time");
  uint8_t *data = malloc(length + 1);
  if (!data) return JS_ThrowOutOfMemory(c);
  host_random(data, length);
  JSValue bytes = copied_bytes(data, length);
  free(data);
  return bytes;
}

/* xoroshiro128+: every instance begins somewhere else, although all of them begin with the same memory. */
static JSValue random_number(JSContext *c, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count, (void)arguments;
  static uint64_t state[2];
  if (is_building) return JS_ThrowTypeError(c, "Math.random() is not there while the module is loaded: call it in a hook");
  if (!(state[0] | state[1])) host_random(state, sizeof(state));
  uint64_t a = state[0], b = state[1], sum = a + b;
  b ^= a;
  state[0] = (a << 24 | a >> 40) ^ b ^ (b << 16);
  state[1] = b << 37 | b >> 27;
  return JS_NewFloat64(c, (double)(sum >> 11) / 9007199254740992.0);
}

static JSValue encoded(JSContext *c, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  size_t length;
  const char *text = JS_ToCStringLen(c, &length, arguments[0]);
  if (!text) return JS_EXCEPTION;
  JSValue bytes = copied_bytes((const uint8_t *)text, length);
  JS_FreeCString(c, text);
  return bytes;
}

static JSValue decoded(JSContext *c, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  uint8_t *data;
  size_t length;
  if (!bytes_of(arguments[0], &data, &length)) return JS_ThrowTypeError(c, "these are no bytes");
  return JS_NewStringLen(c, (const char *)data, length);
}

static const JSCFunctionListEntry members[] = {
    JS_CFUNC_MAGIC_DEF("config", 1, ask, CONFIG),
    JS_CFUNC_MAGIC_DEF("kvGet", 1, ask, KV_GET),
    JS_CFUNC_MAGIC_DEF("kvDelete", 1, ask, KV_DELETE),
    JS_CFUNC_MAGIC_DEF("pointRead", 1, ask, POINT_READ),
    JS_CFUNC_MAGIC_DEF("ask", 1, ask, HTTP),
    JS_CFUNC_DEF("kvSet", 2, kv_set),
    JS_CFUNC_DEF("pointCommand", 2, point_command),
    JS_CFUNC_DEF("publish", 1, publish),
    JS_CFUNC_DEF("write", 2, log_line),
    JS_CFUNC_DEF("now", 0, now),
    JS_CFUNC_DEF("random", 1, random_bytes),
    JS_CFUNC_DEF("number", 0, random_number),
    JS_CFUNC_DEF("encode", 1, encoded),
    JS_CFUNC_DEF("decode", 1, decoded),
};

void define_host(JSValueConst hpmq) { JS_SetPropertyFunctionList(ctx, hpmq, members, countof(members)); }
