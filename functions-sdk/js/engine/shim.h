/* Before every file of QuickJS: what its sources expect of the C library. */
#include <stddef.h>
#include <malloc.h>
#ifndef FE_DOWNWARD
#define FE_DOWNWARD 0
#endif
#ifndef FE_UPWARD
#define FE_UPWARD 0
#endif
