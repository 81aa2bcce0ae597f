/* on_connect by the first letter of the user name: a allows, d denies, t traps, l loops; else no opinion. */
#include "hpmq.h"

static volatile u32 sink;

static int is(const u8 *key, u32 length, const char *text) {
  for (u32 i = 0; i < length; i++) if (text[i] == 0 || key[i] != (u8)text[i]) return 0;
  return text[length] == 0;
}

EXPORT(on_connect) u64 on_connect(u8 *in, u32 length) {
  u32 count = read16(in);
  u32 at = 2;
  u8 first = 0;
  for (; count > 0; count--) {
    u32 size = read16(in + at);
    const u8 *key = in + at + 2;
    at += 2 + size;
    u32 value = read32(in + at);
    if (is(key, size, "userName") && value > 0) first = in[at + 4];
    at += 4 + value;
  }
  if (first == 't') __builtin_trap();
  if (first == 'l') for (;;) sink++;
  u8 *out = take(8);
  out[0] = first == 'a' ? 1 : first == 'd' ? 2 : 0;
  out[1] = 0;
  out[2] = 0;
  return frame(out, 3);
}
