/* Asks the host for what the payload says and answers with a message `answer`, its payload what the host said.
   With HTTP: the payload is a request of http(). With POINTS: `device/point` reads, `device/point=value` commands. */
#include "hpmq.h"

#ifdef HTTP
IMPORT(http) u64 host_http(const void *request, u32 length);
#else
IMPORT(point_read) u64 host_point_read(const void *name, u32 length);
IMPORT(point_command) int host_point_command(const void *name, u32 length, const void *value, u32 value_length);
#endif

static u64 answer(const u8 *text, u32 length) {
  u8 *out = take(length + 32);
  __builtin_memcpy(out, "\1\0\1\6\0answer", 11);
  for (u32 i = 0; i < 4; i++) out[11 + i] = length >> (8 * i);
  __builtin_memcpy(out + 15, text, length);
  out[15 + length] = out[16 + length] = 0;
  return frame(out, 17 + length);
}

EXPORT(on_message) u64 on_message(u8 *in, u32 length) {
  u32 payload = 3 + read16(in + 1);
  const u8 *text = in + payload + 4;
  u32 size = read32(in + payload);
#ifdef HTTP
  u64 given = host_http(text, size);
#else
  for (u32 at = 0; at < size; at++) {
    if (text[at] != '=') continue;
    int told = host_point_command(text, at, text + at + 1, size - at - 1);
    return told == 0 ? answer((const u8 *)"taken", 5) : answer((const u8 *)"refused", 7);
  }
  u64 given = host_point_read(text, size);
  if (given == 0) return answer((const u8 *)"nothing", 7);
#endif
  return answer((const u8 *)(u32)(given >> 32), (u32)given);
}
