/*
 * A serial line without hardware that is as slow as a real one: two pseudo-terminals, and between them every byte takes
 * the time that its bits take.
 *
 *   gcc paced-line.c -o paced-line
 *   paced-line BAUD BITS      (bits of one character: 10 for 8N1, 11 for 8E1)
 *
 * Prints "ready PATH PATH": the master's end, and the device's. Then one line for each exchange, once the next begins:
 * "FROM TO" in µs of the monotonic clock, from the first bit of the request to the last of the answer. Ends with its stdin.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define SIZE 65536

struct way {
  int from, to;
  unsigned char bytes[SIZE];
  long long due[SIZE], last;
  unsigned head, tail;
};

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* A terminal in raw mode. Its far end is kept open, so that it does not hang up when nobody has it. */
static int terminal(char *path, size_t size) {
  int fd = posix_openpt(O_RDWR | O_NOCTTY);
  if (fd < 0 || grantpt(fd) || unlockpt(fd) || ptsname_r(fd, path, size)) exit(1);
  int far = open(path, O_RDWR | O_NOCTTY);
  struct termios mode;
  if (far < 0 || tcgetattr(far, &mode)) exit(1);
  cfmakeraw(&mode);
  tcsetattr(far, TCSANOW, &mode);
  return fd;
}

int main(int argc, char **argv) {
  static struct way down, up;
  char near[64], far[64];
  if (argc != 3) return 64;
  long long character = 1000000000LL * atoi(argv[2]) / atoi(argv[1]);
  down.from = up.to = terminal(near, sizeof near);
  down.to = up.from = terminal(far, sizeof far);
  printf("ready %s %s\n", near, far);
  fflush(stdout);
  long long begun = 0, ended = 0;
  for (;;) {
    struct way *ways[] = {&down, &up};
    long long next = -1;
    for (int i = 0; i < 2; i++) {
      struct way *w = ways[i];
      if (w->head != w->tail && (next < 0 || w->due[w->tail % SIZE] < next)) next = w->due[w->tail % SIZE];
    }
    long long wait = next < 0 ? 0 : next - now();
    if (wait < 0) wait = 0;
    struct timespec timeout = {wait / 1000000000LL, wait % 1000000000LL};
    struct pollfd fds[] = {{down.from, POLLIN, 0}, {up.from, POLLIN, 0}, {0, POLLIN, 0}};
    ppoll(fds, 3, next < 0 ? 0 : &timeout, 0);
    char end;
    if (fds[2].revents && read(0, &end, 1) <= 0) return 0;
    for (int i = 0; i < 2; i++) {
      struct way *w = ways[i];
      if (fds[i].revents & POLLIN) {
        unsigned char chunk[512];
        ssize_t n = read(w->from, chunk, sizeof chunk);
        long long at = now();
        /* The master speaks after an answer: an exchange is over. */
        if (n > 0 && w == &down && (ended || !begun)) {
          if (ended) printf("%lld %lld\n", begun / 1000, ended / 1000), fflush(stdout);
          begun = at;
          ended = 0;
        }
        for (ssize_t k = 0; k < n; k++) {
          w->last = (w->last > at ? w->last : at) + character;
          w->bytes[w->head % SIZE] = chunk[k];
          w->due[w->head++ % SIZE] = w->last;
        }
      }
      while (w->head != w->tail && w->due[w->tail % SIZE] <= now()) {
        if (write(w->to, &w->bytes[w->tail % SIZE], 1) != 1) break;
        if (w == &up) ended = w->due[w->tail % SIZE];
        w->tail++;
      }
    }
  }
}
