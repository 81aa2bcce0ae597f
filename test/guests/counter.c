/* Counts messages in kv, whatever version of it runs: `counted` with VERSION and the number. */
#include "hpmq.h"

#ifndef VERSION
#define VERSION 'a'
#endif

__attribute__((import_module("hpmq"), import_name("kv_get"))) i64 kv_get(const void *key, u32 length);
__attribute__((import_module("hpmq"), import_name("kv_set"))) u32 kv_set(const void *key, u32 keyLength, const void *value, u32 length);
IMPORT(log) void host_log(u32 level, const void *text, u32 length);

EXPORT(on_message) u64 on_message(u8 *in, u32 length) {
  i64 found = kv_get("n", 1);
  u32 n = found == 0 ? 1 : read32((u8 *)(u32)(found >> 32)) + 1;
  u8 value[4] = {n, n >> 8, n >> 16, n >> 24};
  if (kv_set("n", 1, value, 4) != 0) __builtin_trap();
  host_log(1, "counted", 7);
  u8 digits[10];
  u32 count = 0;
  for (u32 rest = n; rest > 0; rest /= 10) digits[count++] = '0' + rest % 10;
  u8 *out = take(64);
  u32 at = 0;
  out[at++] = 1;
  out[at++] = 0;
  out[at++] = in[0];
  out[at++] = 7;
  out[at++] = 0;
  for (u32 i = 0; i < 7; i++) out[at++] = "counted"[i];
  out[at++] = count + 1;
  out[at++] = 0;
  out[at++] = 0;
  out[at++] = 0;
  out[at++] = VERSION;
  while (count > 0) out[at++] = digits[--count];
  out[at++] = 0;
  out[at++] = 0;
  return frame(out, at);
}
