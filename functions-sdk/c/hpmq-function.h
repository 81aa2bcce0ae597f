/* Functions for HPMQ in C: ABI hpmq-fn/1. One header, no libc.
 *
 *   clang --target=wasm32 -Xclang -Os -mbulk-memory -ffreestanding -nostdlib -Wl,--no-entry -Wl,--strip-all -I. fn.c -o fn.wasm
 *
 *   static int mask(const hpmq_message *in, const hpmq_context *context, hpmq_messages *out) {
 *     hpmq_message one = *in;
 *     one.payload = hpmq_text("hello");
 *     hpmq_add(out, &one);
 *     return HPMQ_OK;
 *   }
 *   HPMQ_ON_MESSAGE(mask)
 *
 * Memory: what hpmq_take() gives, and what the input points to, lives until the hook has returned. What has to last longer
 * is a static variable (until the next trap or deployment) or in kv. Out of memory is a trap. Little-endian throughout.
 */
#ifndef HPMQ_FUNCTION_H
#define HPMQ_FUNCTION_H

typedef unsigned char hpmq_u8;
typedef unsigned short hpmq_u16;
typedef unsigned int hpmq_u32;
typedef unsigned long long hpmq_u64;
typedef long long hpmq_i64;

enum { HPMQ_OK = 0, HPMQ_REFUSED = -1 };

/* Bytes that somebody else owns. data is 0 where there is nothing at all; see hpmq_is_there(). */
typedef struct {
  const hpmq_u8 *data;
  hpmq_u32 length;
} hpmq_bytes;

typedef struct {
  hpmq_u8 qos;
  hpmq_u8 retain;
  hpmq_bytes topic;
  hpmq_bytes payload;
  /* MQTT 5 properties as they came, to be handed on: count and encoded records. 0: none. */
  hpmq_u16 properties;
  hpmq_bytes properties_data;
} hpmq_message;

enum { HPMQ_UPSTREAM = 0, HPMQ_DOWNSTREAM = 1, HPMQ_SUBSCRIPTION = 2 };

typedef struct {
  hpmq_bytes origin;
  /* The payload that the function saw last on this topic; hpmq_is_there() tells whether there is one. */
  hpmq_bytes previous;
  hpmq_u8 direction;
} hpmq_context;

/* Frames that grow. */
typedef struct {
  hpmq_u8 *data;
  hpmq_u32 length;
  hpmq_u32 room;
  hpmq_u32 count;
} hpmq_writer;
typedef hpmq_writer hpmq_messages;
typedef hpmq_writer hpmq_points;
typedef hpmq_writer hpmq_frames;

typedef enum { HPMQ_BAD = 0, HPMQ_F64 = 1, HPMQ_I64 = 2, HPMQ_BOOL = 3, HPMQ_TEXT = 4, HPMQ_BYTES = 5 } hpmq_type;

typedef struct {
  hpmq_type type;
  double f64;
  hpmq_i64 i64;
  hpmq_u8 boolean;
  /* Of HPMQ_TEXT, HPMQ_BYTES; why, of HPMQ_BAD. */
  hpmq_bytes bytes;
} hpmq_value;

#define HPMQ__EXPORT(name) __attribute__((export_name(name), used))
#define HPMQ__IMPORT(name) __attribute__((import_module("hpmq"), import_name(name)))

/* --- What the gateway offers. Only what is called is imported, and has to be granted. --- */

enum { HPMQ_DEBUG = 0, HPMQ_INFO = 1, HPMQ_WARN = 2, HPMQ_ERROR = 3 };
HPMQ__IMPORT("log") void hpmq__log(int level, const void *text, hpmq_u32 length);
/* Unix ms. */
HPMQ__IMPORT("now") hpmq_i64 hpmq_now(void);
HPMQ__IMPORT("random") void hpmq_random(void *into, hpmq_u32 length);
HPMQ__IMPORT("config") hpmq_u64 hpmq__config(const void *key, hpmq_u32 length);
HPMQ__IMPORT("kv_get") hpmq_u64 hpmq__kv_get(const void *key, hpmq_u32 length);
HPMQ__IMPORT("kv_set") int hpmq__kv_set(const void *key, hpmq_u32 key_length, const void *value, hpmq_u32 length);
HPMQ__IMPORT("kv_delete") int hpmq__kv_delete(const void *key, hpmq_u32 length);
HPMQ__IMPORT("publish") int hpmq__publish(const void *record, hpmq_u32 length);
HPMQ__IMPORT("point_read") hpmq_u64 hpmq__point_read(const void *name, hpmq_u32 length);
HPMQ__IMPORT("point_command") int hpmq__point_command(const void *name, hpmq_u32 name_length, const void *value, hpmq_u32 length);
HPMQ__IMPORT("http") hpmq_u64 hpmq__http(const void *request, hpmq_u32 length);

/* --- Memory of one call --- */

extern hpmq_u8 __heap_base;
static hpmq_u32 hpmq__top;
static int hpmq__is_over;

/* Bytes until the hook has returned, at a multiple of 8. */
static void *hpmq_take(hpmq_u32 length) {
  hpmq_u8 *start = (hpmq_u8 *)(((hpmq_u32)&__heap_base + 7) & ~7u) + hpmq__top;
  hpmq_u32 end = (hpmq_u32)start + length;
  hpmq_u32 have = __builtin_wasm_memory_size(0);
  if (end < length || end > 0xfffffff0u - 0xffffu) __builtin_trap();
  hpmq_u32 need = (end + 0xffffu) >> 16;
  if (need > have && (int)__builtin_wasm_memory_grow(0, need - have) == -1) __builtin_trap();
  hpmq__top += (length + 7) & ~7u;
  return start;
}

HPMQ__EXPORT("hpmq_abi") int hpmq__abi(void) { return 1; }

/* The first of a call: what the one before left is not needed any more. */
HPMQ__EXPORT("hpmq_alloc") void *hpmq__alloc(hpmq_u32 length) {
  if (hpmq__is_over) {
    hpmq__top = 0;
    hpmq__is_over = 0;
  }
  return hpmq_take(length);
}

static inline void hpmq_copy(void *to, const void *from, hpmq_u32 length) { __builtin_memcpy(to, from, length); }

/* --- Bytes --- */

static inline int hpmq_is_there(hpmq_bytes one) { return one.data != 0; }

static inline hpmq_u32 hpmq__text_length(const char *text) {
  hpmq_u32 length = 0;
  while (text[length]) length++;
  return length;
}

static inline hpmq_bytes hpmq_text(const char *text) {
  hpmq_bytes bytes = {(const hpmq_u8 *)text, hpmq__text_length(text)};
  return bytes;
}

static inline int hpmq_equal(hpmq_bytes a, hpmq_bytes b) {
  if (a.length != b.length) return 0;
  for (hpmq_u32 i = 0; i < a.length; i++)
    if (a.data[i] != b.data[i]) return 0;
  return 1;
}

static inline int hpmq_starts_with(hpmq_bytes text, const char *start) {
  hpmq_u32 i = 0;
  for (; start[i]; i++)
    if (i >= text.length || text.data[i] != (hpmq_u8)start[i]) return 0;
  return 1;
}

static inline hpmq_bytes hpmq__answer(hpmq_u64 packed) {
  hpmq_bytes bytes = {(const hpmq_u8 *)(hpmq_u32)(packed >> 32), (hpmq_u32)packed};
  return bytes;
}

/* --- Writing --- */

static void hpmq_put(hpmq_writer *to, const void *data, hpmq_u32 length) {
  if (length > to->room - to->length) {
    if (to->length + length < length) __builtin_trap();
    hpmq_u32 room = (to->length + length) * 2 + 64;
    if (room < length) __builtin_trap();
    hpmq_u8 *larger = hpmq_take(room);
    if (to->length) hpmq_copy(larger, to->data, to->length);
    to->data = larger;
    to->room = room;
  }
  if (length) hpmq_copy(to->data + to->length, data, length);
  to->length += length;
}

static inline void hpmq_put_u8(hpmq_writer *to, hpmq_u8 value) { hpmq_put(to, &value, 1); }
static inline void hpmq_put_u16(hpmq_writer *to, hpmq_u16 value) { hpmq_put(to, &value, 2); }
static inline void hpmq_put_u32(hpmq_writer *to, hpmq_u32 value) { hpmq_put(to, &value, 4); }
static inline void hpmq_put_bytes(hpmq_writer *to, hpmq_bytes value) { hpmq_put(to, value.data, value.length); }
static inline void hpmq_put_text(hpmq_writer *to, const char *text) { hpmq_put(to, text, hpmq__text_length(text)); }

static inline void hpmq_put_i64(hpmq_writer *to, hpmq_i64 value) {
  char digits[20];
  int at = 20;
  hpmq_u64 rest = value < 0 ? 0 - (hpmq_u64)value : (hpmq_u64)value;
  do digits[--at] = (char)('0' + rest % 10);
  while (rest /= 10);
  if (value < 0) hpmq_put_u8(to, '-');
  hpmq_put(to, digits + at, 20 - at);
}

/* Decimal, rounded to at most `decimals` (0 to 9), without zeros at the end. JSON null for what is no number or too large. */
static inline void hpmq_put_f64(hpmq_writer *to, double value, int decimals) {
  hpmq_u64 scale = 1;
  for (int i = 0; i < decimals && i < 9; i++) scale *= 10;
  double size = value < 0 ? -value : value;
  if (!(size < 9.0e15)) {
    hpmq_put_text(to, "null");
    return;
  }
  hpmq_u64 whole = (hpmq_u64)size;
  hpmq_u64 part = (hpmq_u64)((size - (double)whole) * (double)scale + 0.5);
  if (part >= scale) {
    whole++;
    part = 0;
  }
  if (value < 0 && (whole || part)) hpmq_put_u8(to, '-');
  hpmq_put_i64(to, (hpmq_i64)whole);
  if (!part) return;
  hpmq_put_u8(to, '.');
  for (scale /= 10; part; scale /= 10) {
    hpmq_put_u8(to, (hpmq_u8)('0' + part / scale));
    part %= scale;
  }
}

static inline hpmq_bytes hpmq_written(const hpmq_writer *from) {
  hpmq_bytes bytes = {from->data ? from->data : (const hpmq_u8 *)"", from->length};
  return bytes;
}

static inline void hpmq__put_str(hpmq_writer *to, hpmq_bytes text) {
  if (text.length > 0xffff) __builtin_trap();
  hpmq_put_u16(to, (hpmq_u16)text.length);
  hpmq_put_bytes(to, text);
}

static inline void hpmq__put_long(hpmq_writer *to, hpmq_bytes bytes) {
  hpmq_put_u32(to, bytes.length);
  hpmq_put_bytes(to, bytes);
}

static inline void hpmq__put_value(hpmq_writer *to, const hpmq_value *value) {
  hpmq_put_u8(to, (hpmq_u8)value->type);
  switch (value->type) {
    case HPMQ_BAD: hpmq__put_str(to, value->bytes); break;
    case HPMQ_F64: hpmq_put(to, &value->f64, 8); break;
    case HPMQ_I64: hpmq_put(to, &value->i64, 8); break;
    case HPMQ_BOOL: hpmq_put_u8(to, value->boolean ? 1 : 0); break;
    case HPMQ_TEXT:
    case HPMQ_BYTES: hpmq__put_long(to, value->bytes); break;
  }
}

static inline void hpmq__put_message(hpmq_writer *to, const hpmq_message *message) {
  hpmq_put_u8(to, (hpmq_u8)((message->qos & 3) | (message->retain ? 4 : 0)));
  hpmq__put_str(to, message->topic);
  hpmq__put_long(to, message->payload);
  hpmq_put_u16(to, message->properties);
  hpmq_put_bytes(to, message->properties_data);
}

/* A message to be sent. */
static inline void hpmq_add(hpmq_messages *out, const hpmq_message *message) {
  hpmq__put_message(out, message);
  out->count++;
}

static inline void hpmq_add_point(hpmq_points *out, const char *point, hpmq_value value) {
  hpmq__put_str(out, hpmq_text(point));
  hpmq__put_value(out, &value);
  out->count++;
}

static inline void hpmq_add_number(hpmq_points *out, const char *point, double number) {
  hpmq_value value = {HPMQ_F64, number, 0, 0, {0, 0}};
  hpmq_add_point(out, point, value);
}

static inline void hpmq_add_bad(hpmq_points *out, const char *point, const char *why) {
  hpmq_value value = {HPMQ_BAD, 0, 0, 0, hpmq_text(why)};
  hpmq_add_point(out, point, value);
}

/* A frame to be sent to the device. */
static inline void hpmq_add_frame(hpmq_frames *out, hpmq_bytes frame) {
  hpmq__put_long(out, frame);
  out->count++;
}

/* --- Calls of the gateway --- */

static inline void hpmq_log(int level, const char *text) { hpmq__log(level, text, hpmq__text_length(text)); }

/* JSON text of what the configuration says; not there: nothing. */
static inline hpmq_bytes hpmq_config(const char *key) { return hpmq__answer(hpmq__config(key, hpmq__text_length(key))); }

/* A number of the configuration. */
static inline double hpmq_config_number(const char *key, double otherwise) {
  hpmq_bytes text = hpmq_config(key);
  double value = 0, step = 0;
  hpmq_u32 i = 0;
  int isNegative = text.length > 0 && text.data[0] == '-';
  if (isNegative) i++;
  if (i >= text.length || text.data[i] < '0' || text.data[i] > '9') return otherwise;
  for (; i < text.length && text.data[i] >= '0' && text.data[i] <= '9'; i++) value = value * 10 + (text.data[i] - '0');
  if (i < text.length && text.data[i] == '.')
    for (i++, step = 1; i < text.length && text.data[i] >= '0' && text.data[i] <= '9'; i++) {
      value = value * 10 + (text.data[i] - '0');
      step *= 10;
    }
  if (step > 1) value /= step;
  if (i < text.length && (text.data[i] == 'e' || text.data[i] == 'E')) {
    int isSmall = 0, power = 0;
    i++;
    if (i < text.length && (text.data[i] == '-' || text.data[i] == '+')) isSmall = text.data[i++] == '-';
    for (; i < text.length && text.data[i] >= '0' && text.data[i] <= '9' && power < 400; i++) power = power * 10 + (text.data[i] - '0');
    for (; power > 0; power--) value = isSmall ? value / 10 : value * 10;
  }
  return isNegative ? -value : value;
}

static inline hpmq_bytes hpmq_kv_get(hpmq_bytes key) { return hpmq__answer(hpmq__kv_get(key.data, key.length)); }
/* 0, -1 over the quota */
static inline int hpmq_kv_set(hpmq_bytes key, hpmq_bytes value) {
  return hpmq__kv_set(key.data, key.length, value.data, value.length);
}
static inline void hpmq_kv_delete(hpmq_bytes key) { hpmq__kv_delete(key.data, key.length); }

/* 0, -1 not allowed, -2 over a limit */
static inline int hpmq_publish(const hpmq_message *message) {
  hpmq_writer record = {0, 0, 0, 0};
  hpmq__put_message(&record, message);
  return hpmq__publish(record.data, record.length);
}

/* JSON text {"v":…,"q":…,"t":…,"u":…}; not there: no such point, or not granted. */
static inline hpmq_bytes hpmq_point_read(hpmq_bytes name) { return hpmq__answer(hpmq__point_read(name.data, name.length)); }
/* value: JSON text. 0, -1 not allowed, -2 over a limit */
static inline int hpmq_point_command(hpmq_bytes name, hpmq_bytes value) {
  return hpmq__point_command(name.data, name.length, value.data, value.length);
}
/* JSON request, JSON response; waits. */
static inline hpmq_bytes hpmq_http(hpmq_bytes request) { return hpmq__answer(hpmq__http(request.data, request.length)); }

/* --- Reading what a hook is given; a frame that ends too early is a trap: the gateway does not send such. --- */

typedef struct {
  const hpmq_u8 *at;
  const hpmq_u8 *end;
} hpmq__reader;

static inline hpmq_bytes hpmq__read(hpmq__reader *from, hpmq_u32 length) {
  if (length > (hpmq_u32)(from->end - from->at)) __builtin_trap();
  hpmq_bytes bytes = {from->at, length};
  from->at += length;
  return bytes;
}

static inline hpmq_u32 hpmq__read_number(hpmq__reader *from, hpmq_u32 width) {
  hpmq_bytes bytes = hpmq__read(from, width);
  hpmq_u32 value = 0;
  for (hpmq_u32 i = 0; i < width; i++) value |= (hpmq_u32)bytes.data[i] << (8 * i);
  return value;
}

static inline hpmq_bytes hpmq__read_str(hpmq__reader *from) { return hpmq__read(from, hpmq__read_number(from, 2)); }
static inline hpmq_bytes hpmq__read_long(hpmq__reader *from) { return hpmq__read(from, hpmq__read_number(from, 4)); }

static inline void hpmq__read_message(hpmq__reader *from, hpmq_message *message) {
  hpmq_u32 flags = hpmq__read_number(from, 1);
  message->qos = flags & 3;
  message->retain = (flags >> 2) & 1;
  message->topic = hpmq__read_str(from);
  message->payload = hpmq__read_long(from);
  message->properties = (hpmq_u16)hpmq__read_number(from, 2);
  const hpmq_u8 *start = from->at;
  for (hpmq_u32 i = 0; i < message->properties; i++) {
    hpmq__read(from, 1);
    hpmq__read_str(from);
    hpmq__read_long(from);
  }
  message->properties_data.data = start;
  message->properties_data.length = (hpmq_u32)(from->at - start);
}

static inline hpmq_value hpmq__read_value(hpmq__reader *from) {
  hpmq_value value = {HPMQ_BAD, 0, 0, 0, {0, 0}};
  value.type = (hpmq_type)hpmq__read_number(from, 1);
  switch (value.type) {
    case HPMQ_BAD: value.bytes = hpmq__read_str(from); break;
    case HPMQ_F64: hpmq_copy(&value.f64, hpmq__read(from, 8).data, 8); break;
    case HPMQ_I64: hpmq_copy(&value.i64, hpmq__read(from, 8).data, 8); break;
    case HPMQ_BOOL: value.boolean = (hpmq_u8)hpmq__read_number(from, 1); break;
    case HPMQ_TEXT:
    case HPMQ_BYTES: value.bytes = hpmq__read_long(from); break;
    default: __builtin_trap();
  }
  return value;
}

static inline hpmq_u64 hpmq__finish(hpmq_writer *out, int result) {
  hpmq__is_over = 1;
  if (result < 0) return ~0ull;
  if (out->count == 0) return 0;
  if (out->count > 0xffff) __builtin_trap();
  out->data[0] = (hpmq_u8)out->count;
  out->data[1] = (hpmq_u8)(out->count >> 8);
  return ((hpmq_u64)(hpmq_u32)out->data << 32) | out->length;
}

static inline hpmq__reader hpmq__start(const hpmq_u8 *input, hpmq_u32 length, hpmq_writer *out) {
  hpmq__reader from = {input, input + length};
  hpmq_writer empty = {0, 0, 0, 0};
  *out = empty;
  hpmq_put_u16(out, 0);
  return from;
}

/* --- Hooks. Each takes the name of a function that gives HPMQ_OK or HPMQ_REFUSED. --- */

typedef int hpmq__message_hook(const hpmq_message *in, const hpmq_context *context, hpmq_messages *out);
typedef int hpmq__decode_hook(hpmq_bytes device, hpmq_bytes frame, hpmq_points *out);
typedef int hpmq__encode_hook(hpmq_bytes device, hpmq_bytes point, hpmq_value value, hpmq_frames *out);
typedef int hpmq__time_hook(hpmq_i64 now, hpmq_messages *out);

static inline hpmq_u64 hpmq__run_message(const hpmq_u8 *input, hpmq_u32 length, hpmq__message_hook *hook) {
  hpmq_messages out;
  hpmq__reader from = hpmq__start(input, length, &out);
  hpmq_message message;
  hpmq_context context = {{0, 0}, {0, 0}, 0};
  hpmq__read_message(&from, &message);
  context.origin = hpmq__read_str(&from);
  hpmq_u32 previous = hpmq__read_number(&from, 4);
  if (previous != 0xffffffffu) context.previous = hpmq__read(&from, previous);
  context.direction = (hpmq_u8)hpmq__read_number(&from, 1);
  return hpmq__finish(&out, hook(&message, &context, &out));
}

static inline hpmq_u64 hpmq__run_decode(const hpmq_u8 *input, hpmq_u32 length, hpmq__decode_hook *hook) {
  hpmq_points out;
  hpmq__reader from = hpmq__start(input, length, &out);
  hpmq_bytes device = hpmq__read_str(&from);
  hpmq_bytes frame = hpmq__read_long(&from);
  return hpmq__finish(&out, hook(device, frame, &out));
}

static inline hpmq_u64 hpmq__run_encode(const hpmq_u8 *input, hpmq_u32 length, hpmq__encode_hook *hook) {
  hpmq_frames out;
  hpmq__reader from = hpmq__start(input, length, &out);
  hpmq_bytes device = hpmq__read_str(&from);
  hpmq_bytes point = hpmq__read_str(&from);
  hpmq_value value = hpmq__read_value(&from);
  return hpmq__finish(&out, hook(device, point, value, &out));
}

static inline hpmq_u64 hpmq__run_time(const hpmq_u8 *input, hpmq_u32 length, hpmq__time_hook *hook) {
  hpmq_messages out;
  hpmq__reader from = hpmq__start(input, length, &out);
  hpmq_i64 now;
  hpmq_copy(&now, hpmq__read(&from, 8).data, 8);
  return hpmq__finish(&out, hook(now, &out));
}

#define HPMQ__HOOK(exported, inner, run, hook) \
  HPMQ__EXPORT(exported) hpmq_u64 inner(hpmq_u8 *hpmq__input, hpmq_u32 hpmq__length) { return run(hpmq__input, hpmq__length, hook); }

#define HPMQ_ON_MESSAGE(name) HPMQ__HOOK("on_message", hpmq__on_message, hpmq__run_message, name)
#define HPMQ_ON_DECODE(name) HPMQ__HOOK("on_decode", hpmq__on_decode, hpmq__run_decode, name)
#define HPMQ_ON_ENCODE(name) HPMQ__HOOK("on_encode", hpmq__on_encode, hpmq__run_encode, name)
#define HPMQ_ON_TIMER(name) HPMQ__HOOK("on_timer", hpmq__on_timer, hpmq__run_time, name)
#define HPMQ_ON_START(name) HPMQ__HOOK("on_start", hpmq__on_start, hpmq__run_time, name)

enum { HPMQ_NO_OPINION = 0, HPMQ_ALLOW = 1, HPMQ_DENY = 2 };

typedef struct {
  hpmq_bytes data;
  hpmq_u32 count;
} hpmq_request;

/* clientId, userName, password, listener, address, protocolVersion, certificateName; nothing where the client gave none. */
static inline hpmq_bytes hpmq_field(const hpmq_request *request, const char *key) {
  hpmq__reader from = {request->data.data, request->data.data + request->data.length};
  hpmq_bytes wanted = hpmq_text(key), none = {0, 0};
  for (hpmq_u32 i = 0; i < request->count; i++) {
    hpmq_bytes found = hpmq__read_str(&from);
    hpmq_bytes value = hpmq__read_long(&from);
    if (hpmq_equal(found, wanted)) return value;
  }
  return none;
}

/* HPMQ_NO_OPINION, HPMQ_ALLOW or HPMQ_DENY */
typedef int hpmq__connect_hook(const hpmq_request *request, const char **reason);

static inline hpmq_u64 hpmq__run_connect(const hpmq_u8 *input, hpmq_u32 length, hpmq__connect_hook *hook) {
  hpmq__reader from = {input, input + length};
  hpmq_writer out = {0, 0, 0, 0};
  hpmq_request request;
  const char *reason = "";
  request.count = hpmq__read_number(&from, 2);
  request.data.data = from.at;
  request.data.length = (hpmq_u32)(from.end - from.at);
  int decision = hook(&request, &reason);
  hpmq_put_u8(&out, (hpmq_u8)decision);
  hpmq__put_str(&out, hpmq_text(reason));
  hpmq__is_over = 1;
  return ((hpmq_u64)(hpmq_u32)out.data << 32) | out.length;
}

#define HPMQ_ON_CONNECT(name) HPMQ__HOOK("on_connect", hpmq__on_connect, hpmq__run_connect, name)

#endif
