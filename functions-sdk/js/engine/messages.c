/* Messages as JavaScript sees them: a payload and properties are made into objects only when they are looked at. */
#include "engine.h"

typedef struct {
  Input *input;
  const uint8_t *payload;
  uint32_t payload_length;
  /* With their count. */
  const uint8_t *properties;
  uint32_t properties_length;
  uint8_t flags;
} Message;

typedef struct {
  Input *input;
  const uint8_t *previous;
  uint32_t length;
} Context;

static JSClassID message_class, context_class;
static JSAtom atom_topic, atom_qos, atom_retain, atom_payload, atom_properties, atom_origin, atom_direction, atom_previous;

Input *input_of(uint8_t *data) {
  Input *input = malloc(sizeof(Input));
  if (!input) __builtin_trap();
  input->users = 1;
  input->data = data;
  return input;
}

void release(Input *input) {
  if (--input->users > 0) return;
  free(input->data);
  free(input);
}

static void release_buffer(JSRuntime *runtime, void *opaque, void *data) {
  (void)runtime, (void)data;
  release(opaque);
}

static void finish_message(JSRuntime *runtime, JSValue value) {
  (void)runtime;
  Message *message = JS_GetOpaque(value, message_class);
  if (!message) return;
  release(message->input);
  free(message);
}

static void finish_context(JSRuntime *runtime, JSValue value) {
  (void)runtime;
  Context *context = JS_GetOpaque(value, context_class);
  if (!context) return;
  release(context->input);
  free(context);
}

static JSValue shared_bytes(Input *input, const uint8_t *data, uint32_t length) {
  input->users++;
  return new_bytes((uint8_t *)data, length, release_buffer, input);
}

static JSValue kept(JSValueConst self, JSAtom name, JSValue value) {
  if (JS_IsException(value)) return value;
  JS_DefinePropertyValue(ctx, self, name, JS_DupValue(ctx, value), JS_PROP_CONFIGURABLE | JS_PROP_WRITABLE);
  return value;
}

static JSValue get_payload(JSContext *c, JSValueConst self) {
  Message *message = JS_GetOpaque2(c, self, message_class);
  if (!message) return JS_EXCEPTION;
  return kept(self, atom_payload, shared_bytes(message->input, message->payload, message->payload_length));
}

static JSValue get_properties(JSContext *c, JSValueConst self) {
  Message *message = JS_GetOpaque2(c, self, message_class);
  if (!message) return JS_EXCEPTION;
  return kept(self, atom_properties, decoded_properties(message->properties, message->properties_length));
}

static JSValue message_text(JSContext *c, JSValueConst self, int count, JSValueConst *arguments) {
  (void)count, (void)arguments;
  Message *message = JS_GetOpaque2(c, self, message_class);
  return message ? JS_NewStringLen(c, (const char *)message->payload, message->payload_length) : JS_EXCEPTION;
}

static JSValue message_json(JSContext *c, JSValueConst self, int count, JSValueConst *arguments) {
  (void)count, (void)arguments;
  Message *message = JS_GetOpaque2(c, self, message_class);
  if (!message) return JS_EXCEPTION;
  /* The parser wants a 0 behind the text; what follows a payload is the count of properties. */
  uint8_t *end = (uint8_t *)message->payload + message->payload_length, byte = *end;
  *end = 0;
  JSValue value = JS_ParseJSON(c, (const char *)message->payload, message->payload_length, "payload");
  *end = byte;
  return value;
}

static JSValue get_previous(JSContext *c, JSValueConst self) {
  Context *context = JS_GetOpaque2(c, self, context_class);
  if (!context) return JS_EXCEPTION;
  if (!context->previous) return JS_NULL;
  return kept(self, atom_previous, shared_bytes(context->input, context->previous, context->length));
}

static JSValue previous_text(JSContext *c, JSValueConst self, int count, JSValueConst *arguments) {
  (void)count, (void)arguments;
  Context *context = JS_GetOpaque2(c, self, context_class);
  if (!context) return JS_EXCEPTION;
  return context->previous ? JS_NewStringLen(c, (const char *)context->previous, context->length) : JS_NULL;
}

static const JSCFunctionListEntry message_members[] = {
    JS_CGETSET_DEF("payload", get_payload, NULL),
    JS_CGETSET_DEF("properties", get_properties, NULL),
    JS_CFUNC_DEF("text", 0, message_text),
    JS_CFUNC_DEF("json", 0, message_json),
};
static const JSCFunctionListEntry context_members[] = {
    JS_CGETSET_DEF("previous", get_previous, NULL),
    JS_CFUNC_DEF("previousText", 0, previous_text),
};

void define_messages(void) {
  static const JSClassDef message = {"Message", .finalizer = finish_message};
  static const JSClassDef context = {"Context", .finalizer = finish_context};
  JSRuntime *runtime = JS_GetRuntime(ctx);
  JS_NewClass(runtime, JS_NewClassID(&message_class), &message);
  JS_NewClass(runtime, JS_NewClassID(&context_class), &context);
  JSValue prototype = JS_NewObject(ctx);
  JS_SetPropertyFunctionList(ctx, prototype, message_members, countof(message_members));
  JS_SetClassProto(ctx, message_class, prototype);
  prototype = JS_NewObject(ctx);
  JS_SetPropertyFunctionList(ctx, prototype, context_members, countof(context_members));
  JS_SetClassProto(ctx, context_class, prototype);
  atom_topic = JS_NewAtom(ctx, "topic");
  atom_qos = JS_NewAtom(ctx, "qos");
  atom_retain = JS_NewAtom(ctx, "retain");
  atom_payload = JS_NewAtom(ctx, "payload");
  atom_properties = JS_NewAtom(ctx, "properties");
  atom_origin = JS_NewAtom(ctx, "origin");
  atom_direction = JS_NewAtom(ctx, "direction");
  atom_previous = JS_NewAtom(ctx, "previous");
}

static void own(JSValueConst object, JSAtom name, JSValue value) {
  JS_DefinePropertyValue(ctx, object, name, value, JS_PROP_C_W_E);
}

JSValue new_message(Reader *from, Input *input) {
  JSValue object = JS_NewObjectClass(ctx, message_class);
  Message *message = malloc(sizeof(Message));
  if (!message || JS_IsException(object)) __builtin_trap();
  message->flags = read_number(from, 1);
  JSValue topic = read_text(from, read_number(from, 2));
  message->payload_length = read_number(from, 4);
  message->payload = read_bytes(from, message->payload_length);
  message->properties = from->at;
  for (uint32_t left = read_number(from, 2); left > 0; left--) {
    read_bytes(from, 1);
    read_bytes(from, read_number(from, 2));
    read_bytes(from, read_number(from, 4));
  }
  message->properties_length = from->at - message->properties;
  message->input = input;
  input->users++;
  JS_SetOpaque(object, message);
  own(object, atom_topic, topic);
  own(object, atom_qos, JS_NewInt32(ctx, message->flags & 3));
  own(object, atom_retain, JS_NewBool(ctx, message->flags >> 2 & 1));
  return object;
}

JSValue new_context(Reader *from, Input *input) {
  static const char *const directions[] = {"upstream", "downstream", "none"};
  JSValue object = JS_NewObjectClass(ctx, context_class);
  Context *context = malloc(sizeof(Context));
  if (!context || JS_IsException(object)) __builtin_trap();
  JSValue origin = read_text(from, read_number(from, 2));
  context->length = read_number(from, 4);
  context->previous = context->length == 0xffffffffu ? 0 : read_bytes(from, context->length);
  uint32_t direction = read_number(from, 1);
  context->input = input;
  input->users++;
  JS_SetOpaque(object, context);
  own(object, atom_origin, origin);
  own(object, atom_direction, JS_NewString(ctx, directions[direction < 2 ? direction : 2]));
  return object;
}

/* --- What a function gives --- */

static Message *message_of(JSValueConst value) { return JS_IsObject(value) ? JS_GetOpaque(value, message_class) : 0; }

static int put_flags(Writer *to, JSValueConst value, Message *model) {
  JSValue qos = JS_GetProperty(ctx, value, atom_qos), retain = JS_GetProperty(ctx, value, atom_retain);
  int32_t level = model ? model->flags & 3 : 0;
  int is_retained = is_absent(retain) ? (model ? model->flags >> 2 & 1 : 0) : JS_ToBool(ctx, retain);
  int failed = JS_IsException(qos) || JS_IsException(retain) || (!is_absent(qos) && JS_ToInt32(ctx, &level, qos));
  if (!failed && (level < 0 || level > 2)) {
    JS_ThrowRangeError(ctx, "qos is %d; it has to be 0, 1 or 2", level);
    failed = 1;
  }
  JS_FreeValue(ctx, qos);
  JS_FreeValue(ctx, retain);
  put_number(to, level | (is_retained ? 4 : 0), 1);
  return failed ? -1 : 0;
}

static int put_topic(Writer *to, JSValueConst value, JSValueConst model) {
  JSValue topic = JS_GetProperty(ctx, value, atom_topic);
  if (JS_IsUndefined(topic) && JS_IsObject(model)) topic = JS_GetProperty(ctx, model, atom_topic);
  int failed = -1;
  if (JS_IsString(topic)) failed = put_str(to, topic);
  else if (!JS_IsException(topic)) JS_ThrowTypeError(ctx, "the topic of a message has to be a text");
  JS_FreeValue(ctx, topic);
  return failed;
}

int put_message(Writer *to, JSValueConst value, JSValueConst model_value) {
  Message *model = message_of(model_value);
  if (!model) model = message_of(value);
  if (!JS_IsObject(value)) {
    JS_ThrowTypeError(ctx, "a message is an object with topic and payload");
    return -1;
  }
  if (put_flags(to, value, model) || put_topic(to, value, model_value)) return -1;
  JSValue payload = JS_UNDEFINED, properties = JS_UNDEFINED;
  Message *same = message_of(value);
  if (!same) payload = JS_GetProperty(ctx, value, atom_payload);
  else {
    /* Not looked at, unless somebody put another in its place. */
    JSPropertyDescriptor found;
    if (JS_GetOwnProperty(ctx, &found, value, atom_payload) > 0) payload = found.value;
    model = same;
  }
  int failed = JS_IsException(payload);
  if (!failed && JS_IsUndefined(payload) && !model) {
    JS_ThrowTypeError(ctx, "the message has no payload");
    failed = 1;
  }
  if (!failed && JS_IsUndefined(payload)) {
    put_number(to, model->payload_length, 4);
    put(to, model->payload, model->payload_length);
  } else if (!failed) failed = put_payload(to, payload);
  JS_FreeValue(ctx, payload);
  if (failed) return -1;
  if (!same) properties = JS_GetProperty(ctx, value, atom_properties);
  if (JS_IsException(properties)) return -1;
  if (JS_IsUndefined(properties) && model) put(to, model->properties, model->properties_length);
  else if (is_absent(properties)) put_number(to, 0, 2);
  else failed = put_properties(to, properties);
  JS_FreeValue(ctx, properties);
  return failed;
}

int put_messages(Writer *to, JSValueConst result, JSValueConst model) {
  if (JS_IsArray(ctx, result) <= 0) {
    put_number(to, 1, 2);
    return put_message(to, result, model);
  }
  put_number(to, 0, 2);
  for (uint32_t i = 0;; i++) {
    JSValue one = JS_GetPropertyUint32(ctx, result, i);
    if (JS_IsUndefined(one)) break;
    int failed = JS_IsException(one);
    if (!failed && i >= 0xffff) {
      JS_ThrowRangeError(ctx, "more than 65535 messages");
      failed = 1;
    }
    if (!failed) failed = put_message(to, one, model);
    JS_FreeValue(ctx, one);
    if (failed || to->is_broken) return -1;
    to->data[0] = i + 1;
    to->data[1] = (i + 1) >> 8;
  }
  return 0;
}
