/* What a function may do wrong: the first byte of the payload says what. */
#include "hpmq.h"

IMPORT(random) void host_random(void *start, u32 length);
IMPORT(now) u64 host_now(void);
IMPORT(log) void host_log(u32 level, const void *text, u32 length);

static volatile u32 sink;

#define FOUR(work) work work work work

static u32 deep(u32 n) {
  u32 below = deep(n + 1);
  return below + sink;
}

EXPORT(on_message) u64 on_message(u8 *in, u32 length) {
  u32 payload = 1 + 2 + read16(in + 1) + 4;
  switch (in[payload]) {
    case 'l': /* endless loop */
      for (;;) sink++;
    case 'd': /* endless, with long turns: its fuel lasts ten times as long */
      for (;;) {
        FOUR(FOUR(FOUR(sink = sink / (sink | 3) + 7;)))
      }
    case 'm': /* more and more memory, touched */
      for (;;) {
        u8 *room = take(PAGE);
        for (u32 i = 0; i < PAGE; i += 4096) room[i] = 1;
      }
    case 'f': /* long fills, which are single instructions */
      for (u8 *room = take(2 * 1024 * 1024);;) __builtin_memset(room, (int)sink++, 2 * 1024 * 1024);
    case 'g': /* memory.grow by nothing, for ever */
      for (;;) sink += __builtin_wasm_memory_grow(0, 0);
    case 'r': /* random bytes, for ever */
      for (;;) host_random((void *)1024, 64);
    case 'n': /* the time, for ever */
      for (;;) sink += (u32)host_now();
    case 'L': /* log lines, for ever */
      for (;;) host_log(1, "again", 5);
    case 's': /* stack */
      return frame(in, deep(1));
    case 'o': /* 100 MB of output */
      return frame(in, 100u * 1024 * 1024);
    case 'p': /* an answer outside of memory */
      return frame((void *)0xfffffff0u, 64);
    case 'c': /* 60,000 messages */
      in[0] = 0x60;
      in[1] = 0xea;
      return frame(in, 2);
    case 'u':
      __builtin_trap();
    case 'x': /* a pointer into nowhere */
      return *(volatile u64 *)0xf0000000u;
    case '-':
      return ~0ull;
    case '0':
      return 0;
    default: {
      u32 record = record_length(in);
      u8 *out = take(record + 2);
      out[0] = 1;
      out[1] = 0;
      __builtin_memcpy(out + 2, in, record);
      return frame(out, record + 2);
    }
  }
}
