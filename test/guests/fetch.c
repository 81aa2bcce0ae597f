/* Asks http and gives nothing; it goes on for ever where the payload, or the answer, begins with `l`. With START: at its start. */
#include "hpmq.h"

IMPORT(http) u64 host_http(const void *request, u32 length);

static volatile u32 sink;

static void run(void) {
  for (;;) sink++;
}

#ifdef START
EXPORT(_initialize) void initialize(void) { run(); }
#endif

EXPORT(on_message) u64 on_message(u8 *in, u32 length) {
  u32 payload = 3 + read16(in + 1);
  const u8 *text = in + payload + 4;
  if (text[0] == 'l') run();
  u64 given = host_http(text, read32(in + payload));
  if (*(const u8 *)(u32)(given >> 32) == 'l') run();
  return 0;
}
