/*
 * A foreign Modbus slave on libmodbus, driven from stdin.
 *
 *   gcc modbus-slave.c $(pkg-config --cflags --libs libmodbus) -o modbus-slave
 *   modbus-slave tcp PORT UNIT
 *   modbus-slave single PORT UNIT                   one connection at a time, the others wait until it closes
 *   modbus-slave rtu PATH BAUD PARITY(N|E|O) UNIT
 *
 * Prints "ready" when it serves. Lines on stdin, each answered with one line on stdout:
 *   holding 100 = 42   (also input, coil, discrete)  ->  holding 100 = 42
 *   holding 100                                      ->  holding 100 = 42
 *   absent 100         reads that take in this register get exception 2  ->  absent 100
 *   moving             registers grow by one with each read               ->  moving
 *   requests           since it was asked last                            ->  requests 7
 * All tables have 10000 addresses, all 0 at first.
 */
#include <errno.h>
#include <modbus.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#define SIZE 10000

static modbus_mapping_t *map;
static char absent[SIZE];
static int moving, requests;

static void command(char *line) {
  char table[16];
  unsigned address, value;
  int n = sscanf(line, "%15s %u = %u", table, &address, &value);
  if (!strcmp(line, "moving")) {
    moving = 1;
    puts("moving");
  } else if (!strcmp(line, "requests")) {
    printf("requests %d\n", requests);
    requests = 0;
  } else if (sscanf(line, "absent %u", &address) == 1 && address < SIZE) {
    absent[address] = 1;
    printf("absent %u\n", address);
  } else if (n < 2 || address >= SIZE) {
    printf("? %s\n", line);
  } else if (!strcmp(table, "holding") || !strcmp(table, "input")) {
    uint16_t *cell = (table[0] == 'h' ? map->tab_registers : map->tab_input_registers) + address;
    if (n == 3) *cell = value;
    printf("%s %u = %u\n", table, address, *cell);
  } else {
    uint8_t *cell = (table[0] == 'c' ? map->tab_bits : map->tab_input_bits) + address;
    if (n == 3) *cell = value;
    printf("%s %u = %u\n", table, address, *cell);
  }
  fflush(stdout);
}

/* Whole lines out of what select() said is there; ends the program with its stdin. */
static void commands(void) {
  static char text[65536];
  static size_t length;
  ssize_t n = read(0, text + length, sizeof text - 1 - length);
  if (n <= 0) exit(0);
  length += n;
  char *start = text, *end;
  while ((end = memchr(start, '\n', text + length - start))) {
    *end = 0;
    command(start);
    start = end + 1;
  }
  length -= start - text;
  memmove(text, start, length);
}

static int serve(modbus_t *bus) {
  uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
  int n = modbus_receive(bus, query);
  if (n <= 0) return n;
  requests++;
  uint8_t *pdu = query + modbus_get_header_length(bus);
  if (pdu[0] == 3 || pdu[0] == 4) {
    int start = pdu[1] << 8 | pdu[2], count = pdu[3] << 8 | pdu[4];
    uint16_t *registers = pdu[0] == 3 ? map->tab_registers : map->tab_input_registers;
    for (int i = start; i < start + count && i < SIZE; i++) {
      if (absent[i]) return modbus_reply_exception(bus, query, MODBUS_EXCEPTION_ILLEGAL_DATA_ADDRESS);
      if (moving) registers[i]++;
    }
  }
  modbus_reply(bus, query, n, map);
  return n;
}

static int rtu(char **argv) {
  modbus_t *bus = modbus_new_rtu(argv[2], atoi(argv[3]), argv[4][0], 8, 1);
  modbus_set_slave(bus, atoi(argv[5]));
  if (modbus_connect(bus)) return perror("connect"), 1;
  int line = modbus_get_socket(bus);
  puts("ready");
  fflush(stdout);
  for (;;) {
    fd_set ready;
    FD_ZERO(&ready);
    FD_SET(0, &ready);
    FD_SET(line, &ready);
    if (select(line + 1, &ready, 0, 0, 0) < 0) continue;
    if (FD_ISSET(0, &ready)) commands();
    if (FD_ISSET(line, &ready) && serve(bus) < 0) {
      if (errno == EIO || errno == EBADF) return 0;
      modbus_flush(bus);
    }
  }
}

static int tcp(char **argv, int single) {
  modbus_t *bus = modbus_new_tcp("127.0.0.1", atoi(argv[2]));
  int server = modbus_tcp_listen(bus, 16);
  if (server < 0) return perror("listen"), 1;
  puts("ready");
  fflush(stdout);
  fd_set open;
  FD_ZERO(&open);
  FD_SET(0, &open);
  FD_SET(server, &open);
  for (int highest = server;;) {
    fd_set ready = open;
    if (select(highest + 1, &ready, 0, 0, 0) < 0) continue;
    if (FD_ISSET(0, &ready)) commands();
    for (int fd = 1; fd <= highest; fd++) {
      if (!FD_ISSET(fd, &ready)) continue;
      if (fd == server) {
        int client = accept(server, 0, 0), one = 1;
        if (client < 0) continue;
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        FD_SET(client, &open);
        if (client > highest) highest = client;
        if (single) FD_CLR(server, &open);
      } else {
        modbus_set_socket(bus, fd);
        if (serve(bus) < 0) {
          close(fd);
          FD_CLR(fd, &open);
          if (single) FD_SET(server, &open);
        }
      }
    }
  }
}

int main(int argc, char **argv) {
  map = modbus_mapping_new(SIZE, SIZE, SIZE, SIZE);
  if (argc == 4 && !strcmp(argv[1], "tcp")) return tcp(argv, 0);
  if (argc == 4 && !strcmp(argv[1], "single")) return tcp(argv, 1);
  if (argc == 6 && !strcmp(argv[1], "rtu")) return rtu(argv);
  fprintf(stderr, "usage: %s tcp|single PORT UNIT | rtu PATH BAUD PARITY UNIT\n", argv[0]);
  return 64;
}
