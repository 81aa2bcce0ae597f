/* A message at the start, one at each beat, and one for each message: its payload under `seen`. */
#include "hpmq.h"

static u64 message(const char *topic, const u8 *payload, u32 length) {
  u32 name = 0;
  while (topic[name] != 0) name++;
  u8 *out = take(length + name + 32);
  u8 *at = out;
  *at++ = 1;
  *at++ = 0;
  *at++ = 1; /* QoS 1 */
  *at++ = name & 255;
  *at++ = name >> 8;
  __builtin_memcpy(at, topic, name);
  at += name;
  for (u32 i = 0; i < 4; i++) *at++ = length >> (8 * i);
  __builtin_memcpy(at, payload, length);
  at += length;
  *at++ = 0;
  *at++ = 0;
  return frame(out, at - out);
}

EXPORT(on_start) u64 on_start(u8 *in, u32 length) { return message("made/start", (const u8 *)"started", 7); }
EXPORT(on_timer) u64 on_timer(u8 *in, u32 length) { return message("made/timer", (const u8 *)"beat", 4); }
EXPORT(on_message) u64 on_message(u8 *in, u32 length) {
  u32 at = 3 + read16(in + 1);
  return message("made/seen", in + at + 4, read32(in + at));
}
