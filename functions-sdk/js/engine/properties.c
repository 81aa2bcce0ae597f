/* Properties of MQTT 5 (§2.2.2.2), as an object: what it does not have is not sent. */
#include "engine.h"

enum { PAYLOAD_FORMAT = 0x01, EXPIRY = 0x02, CONTENT_TYPE = 0x03, RESPONSE_TOPIC = 0x08, CORRELATION = 0x09, USER = 0x26 };

static void set(JSValueConst object, const char *name, JSValue value) {
  JS_DefinePropertyValueStr(ctx, object, name, value, JS_PROP_C_W_E);
}

JSValue decoded_properties(const uint8_t *data, uint32_t length) {
  Reader from = {data, data + length};
  JSValue object = JS_NewObject(ctx), pairs = JS_UNDEFINED;
  uint32_t count = 0;
  for (uint32_t left = read_number(&from, 2); left > 0; left--) {
    uint32_t id = read_number(&from, 1);
    JSValue name = read_text(&from, read_number(&from, 2));
    uint32_t size = read_number(&from, 4);
    Reader value = {from.at, from.at + size};
    read_bytes(&from, size);
    switch (id) {
      case PAYLOAD_FORMAT: set(object, "payloadFormatIndicator", JS_NewBool(ctx, read_number(&value, 1))); break;
      case EXPIRY: set(object, "messageExpiryInterval", JS_NewInt64(ctx, read_number(&value, 4))); break;
      case CONTENT_TYPE: set(object, "contentType", read_text(&value, size)); break;
      case RESPONSE_TOPIC: set(object, "responseTopic", read_text(&value, size)); break;
      case CORRELATION: set(object, "correlationData", copied_bytes(value.at, size)); break;
      case USER: {
        if (JS_IsUndefined(pairs)) pairs = JS_NewArray(ctx);
        JSValue pair = JS_NewArray(ctx);
        JS_SetPropertyUint32(ctx, pair, 0, JS_DupValue(ctx, name));
        JS_SetPropertyUint32(ctx, pair, 1, read_text(&value, size));
        JS_SetPropertyUint32(ctx, pairs, count++, pair);
      }
    }
    JS_FreeValue(ctx, name);
  }
  if (!JS_IsUndefined(pairs)) set(object, "userProperties", pairs);
  return object;
}

static int put_user_properties(Writer *to, JSValueConst pairs, uint32_t *count) {
  for (uint32_t i = 0; i < 0xff00; i++) {
    JSValue pair = JS_GetPropertyUint32(ctx, pairs, i);
    if (JS_IsUndefined(pair)) return 0;
    JSValue name = JS_GetPropertyUint32(ctx, pair, 0), value = JS_GetPropertyUint32(ctx, pair, 1);
    put_number(to, USER, 1);
    int failed = !JS_IsObject(pair) || put_str(to, name) || put_long(to, value);
    if (!JS_IsObject(pair)) JS_ThrowTypeError(ctx, "userProperties is an array of [name, value]");
    JS_FreeValue(ctx, name);
    JS_FreeValue(ctx, value);
    JS_FreeValue(ctx, pair);
    if (failed) return -1;
    (*count)++;
  }
  return 0;
}

int put_properties(Writer *to, JSValueConst properties) {
  static const struct {
    const char *name;
    int id;
  } known[] = {{"payloadFormatIndicator", PAYLOAD_FORMAT}, {"messageExpiryInterval", EXPIRY}, {"contentType", CONTENT_TYPE},
               {"responseTopic", RESPONSE_TOPIC},          {"correlationData", CORRELATION},  {"userProperties", USER}};
  uint32_t at = to->length, count = 0;
  if (!JS_IsObject(properties)) {
    JS_ThrowTypeError(ctx, "properties is an object");
    return -1;
  }
  put_number(to, 0, 2);
  for (uint32_t i = 0; i < countof(known); i++) {
    JSValue value = JS_GetPropertyStr(ctx, properties, known[i].name);
    int failed = JS_IsException(value);
    int64_t number = 0;
    if (!failed && !is_absent(value)) {
      if (known[i].id == USER) failed = put_user_properties(to, value, &count);
      else {
        count++;
        put_number(to, known[i].id, 1);
        put_number(to, 0, 2);
        if (known[i].id == PAYLOAD_FORMAT) {
          put_number(to, 1, 4);
          put_number(to, JS_ToBool(ctx, value), 1);
        } else if (known[i].id == EXPIRY) {
          failed = JS_ToInt64(ctx, &number, value);
          put_number(to, 4, 4);
          put_number(to, number < 0 ? 0 : number > 0xffffffffll ? 0xffffffffu : (uint32_t)number, 4);
        } else failed = put_long(to, value);
      }
    }
    JS_FreeValue(ctx, value);
    if (failed) return -1;
  }
  if (to->is_broken) return -1;
  to->data[at] = count;
  to->data[at + 1] = count >> 8;
  return 0;
}
