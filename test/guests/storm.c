/* Each message is the reason of messages without end. */
#include "hpmq.h"

IMPORT(publish) int host_publish(const void *record, u32 length);

EXPORT(on_message) u64 on_message(u8 *in, u32 length) {
  static const u8 record[] = {0, 5, 0, 's', 't', 'o', 'r', 'm', 1, 0, 0, 0, 'x', 0, 0};
  for (;;) host_publish(record, sizeof record);
}
