/*
 * A foreign Modbus master on libmodbus, one line per request on stdin, one per answer on stdout.
 *
 *   gcc modbus-master.c $(pkg-config --cflags --libs libmodbus) -o modbus-master
 *   modbus-master tcp HOST PORT UNIT | rtu PATH BAUD PARITY(N|E|O) UNIT
 *
 *   read holding|input|coil|discrete ADDRESS COUNT   ->  1 2 3
 *   write ADDRESS VALUE…                              ->  ok        function 16
 *   mask ADDRESS AND OR                               ->  ok        function 22
 *   readwrite READ COUNT ADDRESS VALUE…               ->  1 2 3     function 23
 *
 * What is refused or not answered is `error TEXT`.
 */
#include <errno.h>
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(void) { printf("error %s\n", modbus_strerror(errno)); }

static void show(const uint16_t *r, int n) {
  for (int i = 0; i < n; i++) printf("%s%u", i ? " " : "", r[i]);
  puts("");
}

static int values(uint16_t *r) {
  int n = 0;
  for (char *word; n < 123 && (word = strtok(NULL, " \n")); n++) r[n] = atoi(word);
  return n;
}

static void execute(modbus_t *bus, char *line) {
  uint16_t r[125], w[123];
  uint8_t bits[2000];
  char *verb = strtok(line, " \n");
  if (!verb) return;
  if (!strcmp(verb, "read")) {
    char *table = strtok(NULL, " ");
    int address = atoi(strtok(NULL, " ")), count = atoi(strtok(NULL, " \n")), n;
    if (!strcmp(table, "holding")) n = modbus_read_registers(bus, address, count, r);
    else if (!strcmp(table, "input")) n = modbus_read_input_registers(bus, address, count, r);
    else {
      n = !strcmp(table, "coil") ? modbus_read_bits(bus, address, count, bits) : modbus_read_input_bits(bus, address, count, bits);
      for (int i = 0; i < n; i++) r[i] = bits[i];
    }
    n < 0 ? fail() : show(r, n);
  } else if (!strcmp(verb, "write")) {
    int address = atoi(strtok(NULL, " ")), n = values(w);
    modbus_write_registers(bus, address, n, w) < 0 ? fail() : (void)puts("ok");
  } else if (!strcmp(verb, "mask")) {
    int address = atoi(strtok(NULL, " ")), and = atoi(strtok(NULL, " ")), or = atoi(strtok(NULL, " \n"));
    modbus_mask_write_register(bus, address, and, or) < 0 ? fail() : (void)puts("ok");
  } else if (!strcmp(verb, "readwrite")) {
    int from = atoi(strtok(NULL, " ")), count = atoi(strtok(NULL, " ")), address = atoi(strtok(NULL, " "));
    int n = values(w);
    n = modbus_write_and_read_registers(bus, address, n, w, from, count, r);
    n < 0 ? fail() : show(r, n);
  }
}

int main(int argc, char **argv) {
  if (argc < 5) return 64;
  int tcp = !strcmp(argv[1], "tcp");
  modbus_t *bus = tcp ? modbus_new_tcp(argv[2], atoi(argv[3])) : modbus_new_rtu(argv[2], atoi(argv[3]), argv[4][0], 8, 1);
  modbus_set_slave(bus, atoi(argv[argc - 1]));
  modbus_set_response_timeout(bus, 3, 0);
  if (modbus_connect(bus)) return perror("connect"), 1;
  puts("ready");
  fflush(stdout);
  char line[4096];
  while (fgets(line, sizeof line, stdin)) {
    execute(bus, line);
    fflush(stdout);
  }
  modbus_close(bus);
  return 0;
}
