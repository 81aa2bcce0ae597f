/* Evaluates the payload of a message as JavaScript; the answer is a message with the result as text. */
#include "quickjs.h"
#include <stdlib.h>
#include <string.h>

#define EXPORT(name) __attribute__((export_name(#name)))
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

static JSContext *context;

EXPORT(hpmq_abi) u32 hpmq_abi(void) { return 1; }
EXPORT(hpmq_alloc) void *hpmq_alloc(u32 length) { return malloc(length + 1); }
EXPORT(hpmq_free) void hpmq_free(void *start, u32 length) { free(start); }

EXPORT(on_message) u64 on_message(u8 *in, u32 length) {
  if (!context) {
    JSRuntime *runtime = JS_NewRuntime();
    JS_SetMaxStackSize(runtime, 128 * 1024);
    context = JS_NewContext(runtime);
  }
  u32 payload = 1 + 2 + (in[1] | in[2] << 8), count;
  memcpy(&count, in + payload, 4);
  char *source = (char *)in + payload + 4;
  char kept = source[count];
  source[count] = 0;
  JSValue value = JS_Eval(context, source, count, "<payload>", JS_EVAL_TYPE_GLOBAL);
  source[count] = kept;
  if (JS_IsException(value)) value = JS_GetException(context);
  size_t size;
  const char *text = JS_ToCStringLen(context, &size, value);
  u8 *out = malloc(size + 12);
  memcpy(out, "\1\0\0\1\0r", 6);
  u32 size32 = size;
  memcpy(out + 6, &size32, 4);
  memcpy(out + 10, text, size);
  out[10 + size] = out[11 + size] = 0;
  JS_FreeCString(context, text);
  JS_FreeValue(context, value);
  free(in);
  return (u64)(u32)out << 32 | (u32)(size + 12);
}
