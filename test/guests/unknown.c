/* It asks for what no host has. */
#include "hpmq.h"

IMPORT(launch) void host_launch(void);

EXPORT(on_message) u64 on_message(u8 *in, u32 length) {
  host_launch();
  return 0;
}
