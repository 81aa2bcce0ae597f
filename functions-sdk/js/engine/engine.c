/* Starts the engine, evaluates the user's module while the function is built, and calls its hooks afterwards. */
#include "engine.h"
#include <malloc.h>
#include "prelude.h"

IMPORT("env", "abort") void host_abort(const uint16_t *text, const uint16_t *file, int line, int column);
IMPORT("build", "read") uint64_t build_read(const char *name, uint32_t length);
IMPORT("build", "report") void build_report(const char *text, uint32_t length);

/* What the calls of imports that are left out are pointed at: one for each type that there is. Nobody reaches them. */
EXPORT("absent_1") void absent_1(int level, const char *text, uint32_t length) { (void)level, (void)text, (void)length; __builtin_trap(); }
EXPORT("absent_2") uint64_t absent_2(const void *data, uint32_t length) { (void)data, (void)length; __builtin_trap(); }
EXPORT("absent_3") int absent_3(const void *a, uint32_t b, const void *c, uint32_t d) { (void)a, (void)b, (void)c, (void)d; __builtin_trap(); }
EXPORT("absent_4") int absent_4(const void *data, uint32_t length) { (void)data, (void)length; __builtin_trap(); }
EXPORT("absent_5") void absent_5(const char *text, uint32_t length) { (void)text, (void)length; __builtin_trap(); }

int is_building = 1;
int granted;
JSContext *ctx;
static JSRuntime *runtime;
static int was_denied;

/* Shadow stack that JavaScript may use, of what the linker set aside; enough is left for C. */
#define JAVASCRIPT_STACK (192 * 1024)

static void *allocate(JSMallocState *state, size_t size) {
  void *data = malloc(size);
  if (!data) {
    was_denied = 1;
    return 0;
  }
  state->malloc_count++;
  state->malloc_size += malloc_usable_size(data) + 8;
  return data;
}

static void release_block(JSMallocState *state, void *data) {
  if (!data) return;
  state->malloc_count--;
  state->malloc_size -= malloc_usable_size(data) + 8;
  free(data);
}

static void *reallocate(JSMallocState *state, void *data, size_t size) {
  if (!data) return size ? allocate(state, size) : 0;
  if (!size) {
    release_block(state, data);
    return 0;
  }
  size_t before = malloc_usable_size(data);
  void *moved = realloc(data, size);
  if (!moved) {
    was_denied = 1;
    return 0;
  }
  state->malloc_size += malloc_usable_size(moved) - before;
  return moved;
}

static const JSMallocFunctions allocator = {allocate, release_block, reallocate, (size_t(*)(const void *))malloc_usable_size};

EXPORT("hpmq_abi") int hpmq_abi(void) { return 1; }
/* A byte more: a text can be ended with 0. */
EXPORT("hpmq_alloc") void *hpmq_alloc(uint32_t length) {
  void *data = malloc((size_t)length + 1);
  if (!data) __builtin_trap();
  return data;
}
EXPORT("hpmq_free") void hpmq_free(void *data, uint32_t length) {
  (void)length;
  free(data);
}

/* --- Failures --- */

static volatile int depth;
/* Uses up the stack of whoever runs this: that is what the gateway knows as a stack overflow. */
#pragma clang diagnostic ignored "-Winfinite-recursion"
static __attribute__((noinline, optnone)) int overflow(int n) {
  depth = n;
  return overflow(n + 1) + depth;
}

static uint16_t *utf16(const char *text, size_t length) {
  uint32_t *block = malloc(4 + length * 2);
  if (!block) __builtin_trap();
  *block = (uint32_t)length * 2;
  uint16_t *wide = (uint16_t *)(block + 1);
  for (size_t i = 0; i < length; i++) wide[i] = (uint8_t)text[i] < 128 ? (uint8_t)text[i] : '?';
  return wide;
}

/* `    at f (file.js:3)` or `    at file.js:3` of the first line that has one. */
static int place(const char *stack, const char **file, size_t *length) {
  for (const char *colon = strchr(stack, ':'); colon; colon = strchr(colon + 1, ':')) {
    if (colon[1] < '0' || colon[1] > '9') continue;
    const char *start = colon;
    while (start > stack && start[-1] != '(' && start[-1] != ' ' && start[-1] != '\n') start--;
    *file = start;
    *length = colon - start;
    return atoi(colon + 1);
  }
  return 0;
}

static const char *text_of(JSValueConst object, const char *name) {
  JSValue value = JS_GetPropertyStr(ctx, object, name);
  const char *text = JS_IsString(value) ? JS_ToCString(ctx, value) : 0;
  JS_FreeValue(ctx, value);
  return text;
}

void fail(void) {
  JSValue error = JS_GetException(ctx);
  const char *message = JS_IsError(ctx, error) ? text_of(error, "message") : 0;
  if (was_denied && (!message || !strcmp(message, "out of memory"))) __builtin_trap();
  if (message && !strcmp(message, "stack overflow")) overflow(0);
  const char *text = JS_ToCString(ctx, error);
  const char *stack = JS_IsError(ctx, error) ? text_of(error, "stack") : 0;
  if (!text) __builtin_trap();
  if (!stack) stack = "";
  size_t length = strlen(text), more = strlen(stack), file_length = 0;
  char *all = malloc(length + more + 2);
  if (!all) __builtin_trap();
  memcpy(all, text, length);
  all[length] = '\n';
  memcpy(all + length + 1, stack, more + 1);
  while (more > 0 && stack[more - 1] == '\n') more--;
  const char *file = "";
  int line = place(stack, &file, &file_length);
  if (is_building) {
    build_report(all, length + 1 + more);
    __builtin_trap();
  }
  host_log(3, all, more ? length + 1 + more : length);
  host_abort(utf16(text, length), utf16(file, file_length), line, 0);
  __builtin_trap();
}

/* --- The user's module --- */

static JSModuleDef *load_module(JSContext *context, const char *name, void *opaque) {
  (void)opaque;
  uint64_t source = build_read(name, strlen(name));
  if (!source) {
    JS_ThrowReferenceError(context, "there is no module '%s'", name);
    return 0;
  }
  char *text = (char *)(uintptr_t)(source >> 32);
  text[(uint32_t)source] = 0;
  JSValue compiled = JS_Eval(context, text, (uint32_t)source, name, JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
  free(text);
  if (JS_IsException(compiled)) return 0;
  JSModuleDef *module = JS_VALUE_GET_PTR(compiled);
  JS_FreeValue(context, compiled);
  return module;
}

static const char *const hook_names[] = {"onMessage", "onDecode", "onEncode", "onConnect", "onTimer", "onStart"};
enum { ON_MESSAGE, ON_DECODE, ON_ENCODE, ON_CONNECT, ON_TIMER, ON_START };
static JSValue hooks[countof(hook_names)];
static const char *const need_names[] = {"kv", "publish", "points", "http"};
static JSValue refusal;

static void run_jobs(void) {
  JSContext *where;
  for (;;) {
    int ran = JS_ExecutePendingJob(runtime, &where);
    if (ran == 0) return;
    if (ran < 0) fail();
  }
}

static int find_needs(JSValueConst user) {
  int needs = 0;
  JSValue list = JS_GetPropertyStr(ctx, user, "needs");
  for (uint32_t i = 0; JS_IsArray(ctx, list) > 0; i++) {
    JSValue one = JS_GetPropertyUint32(ctx, list, i);
    if (JS_IsUndefined(one)) break;
    const char *name = JS_ToCString(ctx, one);
    int bit = 0;
    for (uint32_t n = 0; name && n < countof(need_names); n++)
      if (!strcmp(name, need_names[n])) bit = 1 << n;
    if (!bit) {
      JS_ThrowTypeError(ctx, "needs: '%s' is none of kv, publish, points, http", name ? name : "");
      fail();
    }
    needs |= bit;
    JS_FreeCString(ctx, name);
    JS_FreeValue(ctx, one);
  }
  JS_FreeValue(ctx, list);
  return needs;
}

/* While the function is built. entry: `import * as f from "./function.js"; globalThis.userModule = f`.
 * Gives the hooks as bits, and from bit 8 the capabilities. */
EXPORT("boot") int boot(char *entry, uint32_t length) {
  entry[length] = 0;
  runtime = JS_NewRuntime2(&allocator, 0);
  JS_SetMaxStackSize(runtime, JAVASCRIPT_STACK);
  ctx = JS_NewContext(runtime);
  JS_SetModuleLoaderFunc(runtime, 0, load_module, 0);
  define_messages();
  JSValue global = JS_GetGlobalObject(ctx);
  JSValue hpmq = JS_NewObject(ctx);
  define_host(hpmq);
  JS_SetPropertyStr(ctx, global, "hpmq", JS_DupValue(ctx, hpmq));
  JSValue done = JS_Eval(ctx, prelude, sizeof(prelude) - 1, "prelude.js", JS_EVAL_TYPE_GLOBAL);
  if (JS_IsException(done)) fail();
  refusal = JS_GetPropertyStr(ctx, hpmq, "Refusal");
  JS_FreeValue(ctx, hpmq);
  done = JS_Eval(ctx, entry, length, "entry", JS_EVAL_TYPE_MODULE);
  if (JS_IsException(done)) fail();
  JS_FreeValue(ctx, done);
  run_jobs();
  JSAtom name = JS_NewAtom(ctx, "userModule");
  JSValue user = JS_GetProperty(ctx, global, name);
  JS_DeleteProperty(ctx, global, name, 0);
  JS_FreeAtom(ctx, name);
  int found = 0;
  for (uint32_t i = 0; i < countof(hook_names); i++) {
    hooks[i] = JS_GetPropertyStr(ctx, user, hook_names[i]);
    if (JS_IsFunction(ctx, hooks[i])) found |= 1 << i;
  }
  granted = find_needs(user);
  JS_FreeValue(ctx, user);
  JS_FreeValue(ctx, global);
  JS_RunGC(runtime);
  is_building = 0;
  return found | granted << 8;
}

/* --- Calls --- */

enum { PENDING, FULFILLED, REJECTED };
static int settled;
static JSValue outcome;

static JSValue settle(JSContext *c, JSValueConst self, int count, JSValueConst *arguments, int magic, JSValue *data) {
  (void)self, (void)data;
  settled = magic;
  outcome = count > 0 ? JS_DupValue(c, arguments[0]) : JS_UNDEFINED;
  return JS_UNDEFINED;
}

/* What a promise comes to: there is nothing to wait for but jobs of this engine. */
static JSValue awaited(JSValue result) {
  if (!JS_IsObject(result)) return result;
  JSValue then = JS_GetPropertyStr(ctx, result, "then");
  if (!JS_IsFunction(ctx, then)) {
    JS_FreeValue(ctx, then);
    return result;
  }
  settled = PENDING;
  JSValue arguments[2] = {JS_NewCFunctionData(ctx, settle, 1, FULFILLED, 0, 0), JS_NewCFunctionData(ctx, settle, 1, REJECTED, 0, 0)};
  JSValue chained = JS_Call(ctx, then, result, 2, arguments);
  for (int i = 0; i < 2; i++) JS_FreeValue(ctx, arguments[i]);
  JS_FreeValue(ctx, then);
  JS_FreeValue(ctx, result);
  if (JS_IsException(chained)) return chained;
  JS_FreeValue(ctx, chained);
  run_jobs();
  if (settled == FULFILLED) return outcome;
  if (settled == REJECTED) return JS_Throw(ctx, outcome);
  return JS_ThrowTypeError(ctx, "the promise of the hook is never settled");
}

static int is_refusal(void) {
  JSValue error = JS_GetException(ctx);
  int is = JS_IsInstanceOf(ctx, error, refusal) > 0;
  if (!is) {
    JS_Throw(ctx, error);
    return 0;
  }
  const char *text = text_of(error, "message");
  if (text) host_log(2, text, strlen(text));
  JS_FreeCString(ctx, text);
  JS_FreeValue(ctx, error);
  return 1;
}

/* Gives the answer of a hook, or -1 as the ABI has it; does not come back from other exceptions. */
static uint64_t answer(int hook, int count, JSValue *arguments) {
  JSValue result = awaited(JS_Call(ctx, hooks[hook], JS_UNDEFINED, count, arguments));
  Writer out = {0, 0, 0, 0};
  int failed = JS_IsException(result);
  if (!failed && !is_absent(result)) {
    switch (hook) {
      case ON_MESSAGE: failed = put_messages(&out, result, arguments[0]); break;
      case ON_DECODE: failed = put_points(&out, result); break;
      case ON_ENCODE: failed = put_frames(&out, result); break;
      case ON_CONNECT: failed = put_decision(&out, result); break;
      default: failed = put_messages(&out, result, JS_UNDEFINED);
    }
  }
  JS_FreeValue(ctx, result);
  if (failed || out.is_broken) {
    free(out.data);
    if (!is_refusal()) fail();
    for (int i = 0; i < count; i++) JS_FreeValue(ctx, arguments[i]);
    return ~0ull;
  }
  for (int i = 0; i < count; i++) JS_FreeValue(ctx, arguments[i]);
  run_jobs();
  return (uint64_t)(uintptr_t)out.data << 32 | out.length;
}

EXPORT("on_message") uint64_t on_message(uint8_t *data, uint32_t length) {
  Input *input = input_of(data);
  Reader from = {data, data + length};
  JSValue message = new_message(&from, input);
  JSValue arguments[2] = {message, new_context(&from, input)};
  release(input);
  return answer(ON_MESSAGE, 2, arguments);
}

EXPORT("on_decode") uint64_t on_decode(uint8_t *data, uint32_t length) {
  Reader from = {data, data + length};
  JSValue device = read_text(&from, read_number(&from, 2));
  uint32_t frame = read_number(&from, 4);
  JSValue arguments[2] = {copied_bytes(read_bytes(&from, frame), frame), device};
  free(data);
  return answer(ON_DECODE, 2, arguments);
}

EXPORT("on_encode") uint64_t on_encode(uint8_t *data, uint32_t length) {
  Reader from = {data, data + length};
  JSValue device = read_text(&from, read_number(&from, 2));
  JSValue point = read_text(&from, read_number(&from, 2));
  JSValue arguments[3] = {point, read_value(&from), device};
  free(data);
  return answer(ON_ENCODE, 3, arguments);
}

EXPORT("on_connect") uint64_t on_connect(uint8_t *data, uint32_t length) {
  Reader from = {data, data + length};
  JSValue arguments[1] = {read_request(&from)};
  free(data);
  return answer(ON_CONNECT, 1, arguments);
}

static uint64_t on_time(int hook, uint8_t *data) {
  int64_t now;
  memcpy(&now, data, 8);
  free(data);
  JSValue arguments[1] = {JS_NewInt64(ctx, now)};
  return answer(hook, 1, arguments);
}
EXPORT("on_timer") uint64_t on_timer(uint8_t *data, uint32_t length) { return length < 8 ? ~0ull : on_time(ON_TIMER, data); }
EXPORT("on_start") uint64_t on_start(uint8_t *data, uint32_t length) { return length < 8 ? ~0ull : on_time(ON_START, data); }
