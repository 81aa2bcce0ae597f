/*
 * A serial driver with an RS-485 mode, for programs on terminals that have none: answers TIOCSRS485 and TIOCGRS485 as
 * linux/serial.h says, and writes what it was told to the file in RS485_LOG. RS485_STUCK=1: it keeps RTS on while sending.
 *
 *   gcc -shared -fPIC rs485-driver.c -o rs485-driver.so; LD_PRELOAD=./rs485-driver.so program
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/serial.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

static struct serial_rs485 now;

int ioctl(int fd, unsigned long request, ...) {
  va_list list;
  va_start(list, request);
  void *argument = va_arg(list, void *);
  va_end(list);
  if (request == TIOCSRS485) {
    now = *(struct serial_rs485 *)argument;
    if (getenv("RS485_STUCK")) now.flags = (now.flags | SER_RS485_RTS_ON_SEND) & ~SER_RS485_RTS_AFTER_SEND;
    FILE *log = fopen(getenv("RS485_LOG"), "w");
    fprintf(log, "enabled=%d onSend=%d afterSend=%d before=%u after=%u\n", !!(now.flags & SER_RS485_ENABLED),
            !!(now.flags & SER_RS485_RTS_ON_SEND), !!(now.flags & SER_RS485_RTS_AFTER_SEND),
            now.delay_rts_before_send, now.delay_rts_after_send);
    fclose(log);
    return 0;
  }
  if (request == TIOCGRS485) {
    *(struct serial_rs485 *)argument = now;
    return 0;
  }
  int (*real)(int, unsigned long, void *) = (int (*)(int, unsigned long, void *))dlsym(RTLD_NEXT, "ioctl");
  return real(fd, request, argument);
}
