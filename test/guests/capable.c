/* Uses each call of the host: keeps the payload under the topic, publishes it, reads a point and commands it, and answers
   with what it read. */
#include "hpmq.h"

IMPORT(log) void host_log(u32 level, const void *text, u32 length);
IMPORT(now) i64 host_now(void);
IMPORT(random) void host_random(void *start, u32 length);
IMPORT(config) u64 host_config(const void *key, u32 length);
IMPORT(kv_get) u64 host_kv_get(const void *key, u32 length);
IMPORT(kv_set) int host_kv_set(const void *key, u32 length, const void *value, u32 value_length);
IMPORT(kv_delete) int host_kv_delete(const void *key, u32 length);
IMPORT(publish) int host_publish(const void *record, u32 length);
IMPORT(point_read) u64 host_point_read(const void *name, u32 length);
IMPORT(point_command) int host_point_command(const void *name, u32 length, const void *value, u32 value_length);

static u32 add(u8 *out, u32 at, u64 given) {
  u32 length = (u32)given;
  __builtin_memcpy(out + at, (void *)(u32)(given >> 32), length);
  out[at + length] = ';';
  return at + length + 1;
}

EXPORT(on_message) u64 on_message(u8 *in, u32 length) {
  u32 topic = read16(in + 1), payload = 1 + 2 + topic, count = read32(in + payload);
  u8 *out = take(8192);
  __builtin_memcpy(out, "\1\0\0\1\0r", 6);
  u32 at = 10;
  at = add(out, at, host_kv_get(in + 3, topic));
  at = add(out, at, host_config("factor", 6));
  at = add(out, at, host_point_read("scale.weight", 12));
  out[at++] = 'A' + host_kv_set(in + 3, topic, in + payload + 4, count);
  out[at++] = 'A' + host_publish(in, record_length(in));
  out[at++] = 'A' + host_point_command("scale.tare", 10, "true", 4);
  if (count == 0) host_kv_delete(in + 3, topic);
  i64 now = host_now();
  out[at++] = now > 0 ? 'N' : '0';
#ifndef NO_RANDOM
  host_random(out + at + 2, 8);
#endif
  host_log(1, "done", 4);
  u32 size = at - 10;
  out[6] = size;
  out[7] = size >> 8;
  out[8] = out[9] = 0;
  out[at] = out[at + 1] = 0;
  return frame(out, at + 2);
}
