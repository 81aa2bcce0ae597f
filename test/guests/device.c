/* Frames `T<tenths>` of a device: temperature, or bad for `T?`. Writes of setpoint become two frames. */
#include "hpmq.h"

static u8 *put_str(u8 *at, const char *text, u32 length) {
  at[0] = length & 255;
  at[1] = length >> 8;
  __builtin_memcpy(at + 2, text, length);
  return at + 2 + length;
}

static u8 *put_bytes(u8 *at, const void *data, u32 length) {
  for (u32 i = 0; i < 4; i++) at[i] = length >> (8 * i);
  __builtin_memcpy(at + 4, data, length);
  return at + 4 + length;
}

static u8 *put_f64(u8 *at, double value) {
  *at = 1;
  __builtin_memcpy(at + 1, &value, 8);
  return at + 9;
}

EXPORT(on_decode) u64 on_decode(u8 *in, u32 length) {
  u32 at = 2 + read16(in);
  u32 size = read32(in + at);
  const u8 *text = in + at + 4;
  if (size < 2 || text[0] != 'T') return 0;
  if (text[1] == '!') __builtin_trap();
  u8 *out = take(64);
  out[0] = 1;
  out[1] = 0;
  u8 *end = put_str(out + 2, "temperature", 11);
  if (text[1] == '?') {
    *end++ = 0;
    end = put_str(end, "sensor open", 11);
  } else {
    i64 tenths = 0;
    for (u32 i = 1; i < size && text[i] >= '0' && text[i] <= '9'; i++) tenths = tenths * 10 + text[i] - '0';
    end = put_f64(end, (double)tenths / 10);
  }
  return frame(out, end - out);
}

EXPORT(on_encode) u64 on_encode(u8 *in, u32 length) {
  u32 at = 2 + read16(in);
  at += 2 + read16(in + at);
  double value = 0;
  if (in[at] == 1) __builtin_memcpy(&value, in + at + 1, 8);
  if (in[at] == 2) {
    i64 whole;
    __builtin_memcpy(&whole, in + at + 1, 8);
    value = whole;
  }
  char set[4] = {'S', '0' + ((u32)value / 10) % 10, '0' + (u32)value % 10, '\n'};
  u8 *out = take(64);
  out[0] = 2;
  out[1] = 0;
  u8 *end = put_bytes(out + 2, set, 4);
  end = put_bytes(end, "GO\n", 3);
  return frame(out, end - out);
}
