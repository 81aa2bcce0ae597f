/* on_message writes its MARK over the first byte of the payload; the module is another one for each MARK. With REACTOR it has a runtime. */
#include "hpmq.h"

#ifndef MARK
#define MARK '1'
#endif

#ifdef REACTOR
EXPORT(_initialize) void initialize(void) {}
#endif

EXPORT(on_message) u64 on_message(u8 *in, u32 length) {
#ifdef TRAPS
  __builtin_trap();
#endif
  u32 record = record_length(in);
  u8 *out = take(record + 2);
  out[0] = 1;
  out[1] = 0;
  __builtin_memcpy(out + 2, in, record);
  u32 payload = 2 + 1 + 2 + read16(in + 1);
  if (read32(out + payload) > 0) out[payload + 4] = MARK;
  return frame(out, record + 2);
}
