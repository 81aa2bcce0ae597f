/* The JavaScript engine as a function of ABI hpmq-fn/1. */
#ifndef ENGINE_H
#define ENGINE_H
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "quickjs.h"

#define EXPORT(name) __attribute__((export_name(name), used))
#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define countof(array) (sizeof(array) / sizeof((array)[0]))

IMPORT("hpmq", "log") void host_log(int level, const char *text, uint32_t length);
IMPORT("hpmq", "now") int64_t host_now(void);
IMPORT("hpmq", "random") void host_random(void *into, uint32_t length);

enum { NEED_KV = 1, NEED_PUBLISH = 2, NEED_POINTS = 4, NEED_HTTP = 8 };

/* The user's module is being evaluated: there is no gateway yet. */
extern int is_building;
/* Capabilities that the user's module asks for. */
extern int granted;
extern JSContext *ctx;

/* Bytes of a hook's input, shared by the objects that show parts of it. */
typedef struct {
  int users;
  uint8_t *data;
} Input;
Input *input_of(uint8_t *data);
void release(Input *input);

typedef struct {
  const uint8_t *at;
  const uint8_t *end;
} Reader;
uint32_t read_number(Reader *from, int width);
const uint8_t *read_bytes(Reader *from, uint32_t length);
JSValue read_text(Reader *from, uint32_t length);

/* What a hook gives; it grows. After out of memory: is_broken, and an exception is set. */
typedef struct {
  uint8_t *data;
  uint32_t length;
  uint32_t room;
  int is_broken;
} Writer;
void put(Writer *to, const void *data, uint32_t length);
void put_number(Writer *to, uint32_t value, int width);

/* Each gives -1 with an exception set, else 0. */
int put_str(Writer *to, JSValueConst text);
int put_long(Writer *to, JSValueConst bytes);
/* Texts as they are, bytes as they are, everything else as JSON. */
int put_payload(Writer *to, JSValueConst value);
/* model: the message that says what is missing, or undefined. */
int put_message(Writer *to, JSValueConst message, JSValueConst model);
int put_messages(Writer *to, JSValueConst result, JSValueConst model);
int put_value(Writer *to, JSValueConst value);
int put_points(Writer *to, JSValueConst result);
int put_frames(Writer *to, JSValueConst result);
int put_decision(Writer *to, JSValueConst result);
JSValue read_value(Reader *from);
JSValue read_request(Reader *from);

JSValue new_bytes(uint8_t *data, uint32_t length, JSFreeArrayBufferDataFunc *free, void *opaque);
JSValue copied_bytes(const uint8_t *data, uint32_t length);
/* The bytes of a typed array or array buffer; 0: it is neither, without exception. */
int bytes_of(JSValueConst value, uint8_t **data, size_t *length);

void define_messages(void);
JSValue new_message(Reader *from, Input *input);
JSValue new_context(Reader *from, Input *input);
JSValue decoded_properties(const uint8_t *data, uint32_t length);
int put_properties(Writer *to, JSValueConst properties);

void define_host(JSValueConst hpmq);
/* Ends the call for an exception that nobody caught. */
void fail(void) __attribute__((noreturn));
JSValue Uint8Array_constructor(void);
int is_absent(JSValueConst value);
#endif
