/* on_message gives the message back as it came. */
#include "hpmq.h"

#ifdef PAD
volatile u8 pad[PAD] = {[PAD - 1] = 1};
#endif

EXPORT(on_message) u64 on_message(u8 *in, u32 length) {
#ifdef PAD
  pad[0]++;
#endif
  u32 record = record_length(in);
  u8 *out = take(record + 2);
  out[0] = 1;
  out[1] = 0;
  __builtin_memcpy(out + 2, in, record);
  return frame(out, record + 2);
}
