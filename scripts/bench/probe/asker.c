/*
 * Asks a blackbox_exporter for probes, as Prometheus does, and prints what it says it measured.
 *
 *   asker PORT RATE CLIENTS < URLS      one URL a line, percent-encoded
 *
 * RATE > 0: the i-th URL at i / RATE seconds (open loop) over at most CLIENTS connections; RATE 0: CLIENTS at a time
 * without a pause (closed loop). Connections are kept alive. Prints a line for each URL in any order: its index, the
 * seconds of the phases connect, processing and transfer, and 1 for a success; last "seconds" and how long all of it took.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS_MAX = 512, URLS_MAX = 1 << 17, URL_BYTES = 256, ANSWER_BYTES = 65536 };

static struct { int fd, used, url; char text[ANSWER_BYTES + 1]; } clients[CLIENTS_MAX];
static char *urls[URLS_MAX];

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static double numberAfter(const char *text, const char *name) {
  const char *at = strstr(text, name);
  return at ? atof(at + strlen(name)) : -1;
}

/* The exporter's answers have a length or are in chunks; both end visibly. */
static int isComplete(const char *text, int used) {
  const char *body = strstr(text, "\r\n\r\n");
  if (!body) return 0;
  const char *length = strcasestr(text, "\r\ncontent-length:");
  if (length && length < body) return used >= body + 4 - text + atoi(length + 17);
  return used >= 5 && !memcmp(text + used - 5, "0\r\n\r\n", 5);
}

/* Joins the chunks of the body in place, so that no number stands in two of them. */
static void unchunk(char *text) {
  if (!strcasestr(text, "\r\ntransfer-encoding: chunked")) return;
  char *from = strstr(text, "\r\n\r\n") + 4, *to = from;
  for (;;) {
    char *data;
    long size = strtol(from, &data, 16);
    if (size <= 0) break;
    data += 2;
    memmove(to, data, size);
    to += size;
    from = data + size + 2;
  }
  *to = 0;
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  double rate = atof(argv[2]);
  int count = 0, clientCount = atoi(argv[3]), yes = 1;
  if (clientCount < 1 || clientCount > CLIENTS_MAX) return 2;
  char line[URL_BYTES];
  while (count < URLS_MAX && fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    urls[count++] = strdup(line);
  }
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int epoll = epoll_create1(0);
  for (int i = 0; i < clientCount; i++) clients[i].fd = clients[i].url = -1;
  int64_t begun = now();
  int asked = 0, done = 0;
  while (done < count) {
    int isFree = 1;
    while (asked < count && isFree && (rate <= 0 || now() - begun >= (int64_t)(asked / rate * 1e9))) {
      isFree = 0;
      for (int i = 0; i < clientCount && !isFree; i++) {
        if (clients[i].url >= 0) continue;
        isFree = 1;
        if (clients[i].fd < 0) {
          clients[i].fd = socket(AF_INET, SOCK_STREAM, 0);
          setsockopt(clients[i].fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
          if (connect(clients[i].fd, (struct sockaddr *)&at, sizeof at)) return 1;
          struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
          epoll_ctl(epoll, EPOLL_CTL_ADD, clients[i].fd, &event);
        }
        clients[i].url = asked;
        clients[i].used = 0;
        char text[URL_BYTES * 2];
        int size = snprintf(text, sizeof text, "GET /probe?module=http_2xx&target=%s HTTP/1.1\r\nHost: x\r\n\r\n", urls[asked++]);
        if (write(clients[i].fd, text, size) != size) return 1;
      }
    }
    int64_t wait = 1000000000;
    if (asked < count && rate > 0) wait = begun + (int64_t)(asked / rate * 1e9) - now();
    if (wait < 0) wait = isFree ? 0 : 1000000;
    struct timespec timeout = {wait / 1000000000, wait % 1000000000};
    struct epoll_event events[64];
    int got = epoll_pwait2(epoll, events, 64, &timeout, NULL);
    for (int e = 0; e < got; e++) {
      int i = events[e].data.u32;
      ssize_t bytes = read(clients[i].fd, clients[i].text + clients[i].used, ANSWER_BYTES - clients[i].used);
      if (bytes <= 0) return 1;
      clients[i].used += bytes;
      clients[i].text[clients[i].used] = 0;
      if (!isComplete(clients[i].text, clients[i].used)) continue;
      const char *text = clients[i].text;
      unchunk(clients[i].text);
      double connected = numberAfter(text, "\nprobe_http_duration_seconds{phase=\"connect\"} ");
      double processing = numberAfter(text, "\nprobe_http_duration_seconds{phase=\"processing\"} ");
      double transfer = numberAfter(text, "\nprobe_http_duration_seconds{phase=\"transfer\"} ");
      printf("%d %.9f %.9f %.9f %d\n", clients[i].url, connected, processing, transfer, numberAfter(text, "\nprobe_success ") == 1);
      clients[i].url = -1;
      done++;
    }
  }
  printf("seconds %.6f\n", (now() - begun) / 1e9);
  return 0;
}
