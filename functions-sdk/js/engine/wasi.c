/* The system calls that wasi-libc ends in. There is no system: a clock is all. Nothing of WASI is imported. */
#include <stdint.h>
#include <wasi/api.h>
#include "engine.h"

#define NOT_SUPPORTED 52

uint16_t __wasi_clock_time_get(__wasi_clockid_t clock, __wasi_timestamp_t precision, __wasi_timestamp_t *into) {
  (void)clock, (void)precision;
  *into = is_building ? 0 : (uint64_t)host_now() * 1000000u;
  return 0;
}
uint16_t __wasi_fd_write(__wasi_fd_t fd, const __wasi_ciovec_t *list, size_t count, __wasi_size_t *written) {
  (void)fd;
  *written = 0;
  for (size_t i = 0; i < count; i++) *written += list[i].buf_len;
  return 0;
}
uint16_t __wasi_fd_close(__wasi_fd_t fd) { return (void)fd, NOT_SUPPORTED; }
uint16_t __wasi_fd_seek(__wasi_fd_t fd, __wasi_filedelta_t offset, __wasi_whence_t whence, __wasi_filesize_t *into) {
  return (void)fd, (void)offset, (void)whence, (void)into, NOT_SUPPORTED;
}
uint16_t __wasi_fd_fdstat_get(__wasi_fd_t fd, __wasi_fdstat_t *into) { return (void)fd, (void)into, NOT_SUPPORTED; }
uint16_t __wasi_fd_read(__wasi_fd_t fd, const __wasi_iovec_t *list, size_t count, __wasi_size_t *into) {
  return (void)fd, (void)list, (void)count, (void)into, NOT_SUPPORTED;
}
_Noreturn void __wasi_proc_exit(__wasi_exitcode_t code) {
  (void)code;
  __builtin_trap();
}
