/* Frames of the ABI: reading, writing, and what is not a message in them. */
#include "engine.h"

const uint8_t *read_bytes(Reader *from, uint32_t length) {
  if (length > (uint32_t)(from->end - from->at)) __builtin_trap();
  from->at += length;
  return from->at - length;
}

uint32_t read_number(Reader *from, int width) {
  const uint8_t *bytes = read_bytes(from, width);
  uint32_t value = 0;
  for (int i = 0; i < width; i++) value |= (uint32_t)bytes[i] << 8 * i;
  return value;
}

JSValue read_text(Reader *from, uint32_t length) { return JS_NewStringLen(ctx, (const char *)read_bytes(from, length), length); }

int is_absent(JSValueConst value) { return JS_IsUndefined(value) || JS_IsNull(value); }

void put(Writer *to, const void *data, uint32_t length) {
  if (to->is_broken) return;
  if (length > to->room - to->length) {
    uint32_t room = (to->length + length) * 2 + 128;
    uint8_t *larger = room < length ? 0 : realloc(to->data, room);
    if (!larger) {
      to->is_broken = 1;
      JS_ThrowOutOfMemory(ctx);
      return;
    }
    to->data = larger;
    to->room = room;
  }
  memcpy(to->data + to->length, data, length);
  to->length += length;
}

void put_number(Writer *to, uint32_t value, int width) { put(to, &value, width); }

static JSValue uint8_array = JS_UNDEFINED;

JSValue Uint8Array_constructor(void) {
  if (JS_IsUndefined(uint8_array)) {
    JSValue global = JS_GetGlobalObject(ctx);
    uint8_array = JS_GetPropertyStr(ctx, global, "Uint8Array");
    JS_FreeValue(ctx, global);
  }
  return uint8_array;
}

JSValue new_bytes(uint8_t *data, uint32_t length, JSFreeArrayBufferDataFunc *done, void *opaque) {
  JSValue buffer = JS_NewArrayBuffer(ctx, data, length, done, opaque, 0);
  if (JS_IsException(buffer)) return buffer;
  JSValue view = JS_CallConstructor(ctx, Uint8Array_constructor(), 1, &buffer);
  JS_FreeValue(ctx, buffer);
  return view;
}

JSValue copied_bytes(const uint8_t *data, uint32_t length) {
  JSValue buffer = JS_NewArrayBufferCopy(ctx, data, length);
  if (JS_IsException(buffer)) return buffer;
  JSValue view = JS_CallConstructor(ctx, Uint8Array_constructor(), 1, &buffer);
  JS_FreeValue(ctx, buffer);
  return view;
}

static void forget_exception(void) { JS_FreeValue(ctx, JS_GetException(ctx)); }

int bytes_of(JSValueConst value, uint8_t **data, size_t *length) {
  if (!JS_IsObject(value)) return 0;
  size_t offset, width, whole;
  JSValue buffer = JS_GetTypedArrayBuffer(ctx, value, &offset, length, &width);
  if (JS_IsException(buffer)) {
    forget_exception();
    *data = JS_GetArrayBuffer(ctx, length, value);
    if (*data) return 1;
    forget_exception();
    return 0;
  }
  uint8_t *start = JS_GetArrayBuffer(ctx, &whole, buffer);
  JS_FreeValue(ctx, buffer);
  if (!start) {
    forget_exception();
    *length = 0;
    *data = (uint8_t *)"";
    return 1;
  }
  *data = start + offset;
  return 1;
}

static int put_text(Writer *to, JSValueConst value, int width, uint32_t most) {
  size_t length;
  const char *text = JS_ToCStringLen(ctx, &length, value);
  if (!text) return -1;
  if (length > most) {
    JS_FreeCString(ctx, text);
    JS_ThrowRangeError(ctx, "a text of %u bytes is too long", (unsigned)length);
    return -1;
  }
  put_number(to, length, width);
  put(to, text, length);
  JS_FreeCString(ctx, text);
  return 0;
}

int put_str(Writer *to, JSValueConst text) { return put_text(to, text, 2, 0xffff); }

int put_long(Writer *to, JSValueConst value) {
  uint8_t *data;
  size_t length;
  if (!bytes_of(value, &data, &length)) return put_text(to, value, 4, 0xfffffff0u);
  put_number(to, length, 4);
  put(to, data, length);
  return 0;
}

int put_payload(Writer *to, JSValueConst value) {
  uint8_t *data;
  size_t length;
  if (JS_IsString(value) || bytes_of(value, &data, &length)) return put_long(to, value);
  JSValue json = JS_JSONStringify(ctx, value, JS_UNDEFINED, JS_UNDEFINED);
  if (JS_IsException(json)) return -1;
  int failed = -1;
  if (JS_IsUndefined(json)) JS_ThrowTypeError(ctx, "a payload cannot be undefined, a function or a symbol");
  else failed = put_long(to, json);
  JS_FreeValue(ctx, json);
  return failed;
}

int put_value(Writer *to, JSValueConst value) {
  uint8_t *data;
  size_t length;
  if (JS_IsBool(value)) {
    put_number(to, 3, 1);
    put_number(to, JS_ToBool(ctx, value), 1);
  } else if (JS_IsNumber(value)) {
    double number;
    JS_ToFloat64(ctx, &number, value);
    put_number(to, 1, 1);
    put(to, &number, 8);
  } else if (JS_IsBigInt(ctx, value)) {
    int64_t integer;
    if (JS_ToBigInt64(ctx, &integer, value)) return -1;
    put_number(to, 2, 1);
    put(to, &integer, 8);
  } else if (JS_IsString(value)) {
    put_number(to, 4, 1);
    return put_long(to, value);
  } else if (bytes_of(value, &data, &length)) {
    put_number(to, 5, 1);
    return put_long(to, value);
  } else if (is_absent(value) || JS_IsError(ctx, value)) {
    JSValue why = JS_IsError(ctx, value) ? JS_GetPropertyStr(ctx, value, "message") : JS_NewString(ctx, "no value");
    put_number(to, 0, 1);
    int failed = put_str(to, why);
    JS_FreeValue(ctx, why);
    return failed;
  } else {
    JS_ThrowTypeError(ctx, "the value of a point is a number, bigint, boolean, text, bytes, or an Error that says why there is none");
    return -1;
  }
  return 0;
}

int put_points(Writer *to, JSValueConst result) {
  JSPropertyEnum *names;
  uint32_t count;
  if (!JS_IsObject(result) || JS_IsArray(ctx, result) > 0) {
    JS_ThrowTypeError(ctx, "onDecode gives an object of points and their values, or null");
    return -1;
  }
  if (JS_GetOwnPropertyNames(ctx, &names, &count, result, JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY)) return -1;
  int failed = 0;
  if (count > 0xffff) count = 0xffff;
  put_number(to, count, 2);
  for (uint32_t i = 0; i < count; i++) {
    JSValue name = JS_AtomToString(ctx, names[i].atom);
    JSValue value = JS_GetProperty(ctx, result, names[i].atom);
    if (!failed) failed = JS_IsException(value) || put_str(to, name) || put_value(to, value) ? -1 : 0;
    JS_FreeValue(ctx, name);
    JS_FreeValue(ctx, value);
    JS_FreeAtom(ctx, names[i].atom);
  }
  js_free(ctx, names);
  return failed;
}

int put_frames(Writer *to, JSValueConst result) {
  uint8_t *data;
  size_t length;
  if (bytes_of(result, &data, &length) || JS_IsString(result)) {
    put_number(to, 1, 2);
    return put_long(to, result);
  }
  if (JS_IsArray(ctx, result) <= 0) {
    JS_ThrowTypeError(ctx, "onEncode gives the bytes of a frame, an array of such, or null");
    return -1;
  }
  put_number(to, 0, 2);
  for (uint32_t i = 0; i < 0xffff; i++) {
    JSValue one = JS_GetPropertyUint32(ctx, result, i);
    if (JS_IsUndefined(one)) break;
    int failed = JS_IsException(one) || put_long(to, one);
    JS_FreeValue(ctx, one);
    if (failed) return -1;
    if (to->is_broken) return -1;
    to->data[0] = i + 1;
    to->data[1] = (i + 1) >> 8;
  }
  return 0;
}

int put_decision(Writer *to, JSValueConst result) {
  JSValue allow = JS_IsObject(result) ? JS_GetPropertyStr(ctx, result, "allow") : JS_DupValue(ctx, result);
  JSValue reason = JS_IsObject(result) ? JS_GetPropertyStr(ctx, result, "reason") : JS_UNDEFINED;
  int failed = 0;
  if (!JS_IsBool(allow)) {
    JS_ThrowTypeError(ctx, "onConnect gives true, false, {allow, reason}, or null");
    failed = -1;
  } else {
    put_number(to, JS_ToBool(ctx, allow) ? 1 : 2, 1);
    if (is_absent(reason)) put_number(to, 0, 2);
    else failed = put_str(to, reason);
  }
  JS_FreeValue(ctx, allow);
  JS_FreeValue(ctx, reason);
  return failed;
}

JSValue read_value(Reader *from) {
  double number;
  int64_t integer;
  uint32_t length;
  switch (read_number(from, 1)) {
    case 1: memcpy(&number, read_bytes(from, 8), 8); return JS_NewFloat64(ctx, number);
    case 2: memcpy(&integer, read_bytes(from, 8), 8); return JS_NewBigInt64(ctx, integer);
    case 3: return JS_NewBool(ctx, read_number(from, 1));
    case 4: return read_text(from, read_number(from, 4));
    case 5: length = read_number(from, 4); return copied_bytes(read_bytes(from, length), length);
    default: return JS_NULL;
  }
}

/* Password and whatever else may be no text: bytes. */
JSValue read_request(Reader *from) {
  JSValue request = JS_NewObject(ctx);
  for (uint32_t left = read_number(from, 2); left > 0; left--) {
    JSValue key = read_text(from, read_number(from, 2));
    uint32_t length = read_number(from, 4);
    JSAtom name = JS_ValueToAtom(ctx, key);
    const char *text = JS_ToCString(ctx, key);
    int is_secret = text && !strcmp(text, "password");
    JS_FreeCString(ctx, text);
    JSValue value = is_secret ? copied_bytes(read_bytes(from, length), length) : read_text(from, length);
    JS_SetProperty(ctx, request, name, value);
    JS_FreeAtom(ctx, name);
    JS_FreeValue(ctx, key);
  }
  return request;
}
