/* Arithmetic of all kinds over the payload, in loops that a compiler turns into vectors; the answer has its results. */
#include "hpmq.h"

static u32 table[256];
static float samples[64];

static u32 crc32(const u8 *in, u32 length) {
  if (table[1] == 0)
    for (u32 i = 0; i < 256; i++) {
      u32 value = i;
      for (int k = 0; k < 8; k++) value = value & 1 ? value >> 1 ^ 0xedb88320u : value >> 1;
      table[i] = value;
    }
  u32 crc = ~0u;
  for (u32 i = 0; i < length; i++) crc = table[(crc ^ in[i]) & 255] ^ crc >> 8;
  return ~crc;
}

static u32 sum(const u8 *in, u32 length) {
  u32 total = 0;
  for (u32 i = 0; i < length; i++) total += in[i] * 3u;
  return total;
}

static double mean(const u8 *in, u32 length) {
  for (u32 i = 0; i < 64; i++) samples[i] = 0;
  for (u32 i = 0; i < length; i++) samples[i & 63] += (float)in[i] * 0.5f;
  double total = 0;
  for (u32 i = 0; i < 64; i++) total += samples[i];
  return length == 0 ? 0 : __builtin_sqrt(total / length);
}

static u32 (*const steps[4])(const u8 *, u32) = {crc32, sum, sum, crc32};

static u64 collatz(u64 n) {
  u64 turns = 0;
  while (n > 1 && turns < 1000) {
    n = n % 2 ? 3 * n + 1 : n / 2;
    turns++;
  }
  return turns;
}

static u32 name_of(u32 kind, u8 *out) {
  switch (kind % 7) {
    case 0: out[0] = 'z'; return 1;
    case 1: out[0] = 'o'; out[1] = 'n'; return 2;
    case 2: case 3: out[0] = 't'; return 1;
    case 4: return name_of(kind + 1, out);
    case 5: out[0] = 'f'; out[1] = 'i'; out[2] = 'v'; return 3;
    default: return 0;
  }
}

static void put64(u8 *out, u64 value) { __builtin_memcpy(out, &value, 8); }

EXPORT(on_message) u64 on_message(u8 *in, u32 length) {
  u32 payload = 1 + 2 + read16(in + 1);
  u32 count = read32(in + payload);
  const u8 *data = in + payload + 4;
  u8 *out = take(128);
  u32 at = 0;
  out[at++] = 1;
  out[at++] = 0;
  out[at++] = 0;
  out[at++] = 1;
  out[at++] = 0;
  out[at++] = 'r';
  u32 size_at = at;
  at += 4;
  u8 *start = out + at;
  double average = mean(data, count);
  u64 bits;
  __builtin_memcpy(&bits, &average, 8);
  put64(start, crc32(data, count));
  put64(start + 8, sum(data, count));
  put64(start + 16, bits);
  put64(start + 24, collatz(count * 977 + 3));
  put64(start + 32, steps[count & 3](data, count));
  u32 extra = name_of(count, start + 40);
  __builtin_memmove(start + 40 + extra, start, 8);
  u32 size = 48 + extra;
  out[size_at] = size;
  out[size_at + 1] = out[size_at + 2] = out[size_at + 3] = 0;
  out[size_at + 4 + size] = out[size_at + 5 + size] = 0;
  return frame(out, size_at + 6 + size);
}
