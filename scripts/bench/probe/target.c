/*
 * The server that the probers of `npm run bench:probe` are judged by: it answers HTTP on many loopback ports, each after a
 * delay of its shape, and keeps for every request how long it truly was: from the kernel's time stamp on the request's
 * arrival (SO_TIMESTAMPNS, so that its own scheduling does not count) to the moment before it hands the answer to the kernel.
 *
 *   target PORTS        prints "ports p0 p1 ..."; port i has the shape i % 4: 0, 5, 50 ms, or 5 or 50 ms by chance
 *   GET /ID             ID names the request in the log
 *   GET /.well-known/plumbline   consents, at once and without an entry in the log
 *   "dump" on stdin     prints "PORT_INDEX ID NANOSECONDS" for each request since the last dump in the order of their
 *                       arrival, then "end"; -1 for one that was not answered
 *
 * It ends when stdin does.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PORTS_MAX = 256, FDS_MAX = 16384, ENTRIES_MAX = 1 << 20, EVENTS = 256, REQUEST_BYTES = 4096 };

static const char ANSWER[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
/* The service and the provider are those of the bench: all zeros. */
static const char CONSENT[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 110\r\nConnection: close\r\n\r\n"
  "0x0000000000000000000000000000000000000000000000000000000000000000 0x0000000000000000000000000000000000000000\n";
static const int64_t MILLI = 1000000;

struct connection {
  int port, entry;
  int64_t arrived, due;
};

static struct connection connections[FDS_MAX];
static int waiting[FDS_MAX], waitingCount;
static struct { int port; uint32_t id; int64_t nanos; } *entries;
static int entryCount;

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void die(const char *what) {
  perror(what);
  exit(1);
}

static int64_t delayOf(int shape) {
  static uint32_t random = 1;

  if (shape == 0) return 0;
  if (shape == 1) return 5 * MILLI;
  if (shape == 2) return 50 * MILLI;
  random = random * 1664525u + 1013904223u;
  return (random >> 31 ? 50 : 5) * MILLI;
}

static void answer(int fd) {
  struct connection *c = &connections[fd];
  int64_t written = now();
  ssize_t sent = send(fd, ANSWER, sizeof ANSWER - 1, MSG_NOSIGNAL);
  close(fd);
  if (sent > 0 && c->entry >= 0) entries[c->entry].nanos = written - c->arrived;
}

static void request(int fd) {
  char text[REQUEST_BYTES + 1], control[256];
  struct iovec io = {text, REQUEST_BYTES};
  struct msghdr message = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  ssize_t got = recvmsg(fd, &message, 0);
  if (got <= 0) {
    if (got < 0 && errno == EAGAIN) return;
    close(fd);
    return;
  }
  text[got] = 0;
  struct connection *c = &connections[fd];
  c->arrived = now();
  for (struct cmsghdr *m = CMSG_FIRSTHDR(&message); m; m = CMSG_NXTHDR(&message, m)) {
    if (m->cmsg_level != SOL_SOCKET || m->cmsg_type != SCM_TIMESTAMPNS) continue;
    struct timespec t;
    memcpy(&t, CMSG_DATA(m), sizeof t);
    c->arrived = t.tv_sec * 1000000000LL + t.tv_nsec;
  }
  if (!strncmp(text, "GET /.well-known/", 17)) {
    send(fd, CONSENT, sizeof CONSENT - 1, MSG_NOSIGNAL);
    close(fd);
    return;
  }
  char *path = strchr(text, '/');
  uint32_t id = path ? (uint32_t)strtoul(path + 1, NULL, 10) : 0;
  c->entry = -1;
  if (entryCount < ENTRIES_MAX) {
    c->entry = entryCount++;
    entries[c->entry].port = c->port;
    entries[c->entry].id = id;
    entries[c->entry].nanos = -1;
  }
  int64_t delay = delayOf(c->port % 4);
  if (delay == 0) {
    answer(fd);
    return;
  }
  c->due = c->arrived + delay;
  waiting[waitingCount++] = fd;
}

static void dump(void) {
  for (int i = 0; i < entryCount; i++) printf("%d %u %lld\n", entries[i].port, entries[i].id, (long long)entries[i].nanos);
  /* What still waits has been printed as unanswered, and its entry is gone. */
  for (int i = 0; i < waitingCount; i++) connections[waiting[i]].entry = -1;
  entryCount = 0;
  printf("end\n");
  fflush(stdout);
}

int main(int argc, char **argv) {
  int ports = argc > 1 ? atoi(argv[1]) : 0;
  if (ports < 1 || ports > PORTS_MAX) return 2;
  struct rlimit files = {FDS_MAX, FDS_MAX};
  setrlimit(RLIMIT_NOFILE, &files);
  entries = calloc(ENTRIES_MAX, sizeof *entries);
  int epoll = epoll_create1(0), portOf[FDS_MAX], yes = 1;
  memset(portOf, -1, sizeof portOf);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = 0};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &event)) die("stdin");
  printf("ports");
  for (int i = 0; i < ports; i++) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes);
    if (bind(fd, (struct sockaddr *)&at, size) || listen(fd, 1024)) die("listen");
    getsockname(fd, (struct sockaddr *)&at, &size);
    portOf[fd] = i;
    event.data.fd = fd;
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    printf(" %d", ntohs(at.sin_port));
  }
  printf("\n");
  fflush(stdout);
  struct epoll_event events[EVENTS];
  for (;;) {
    int64_t next = INT64_MAX, time = now();
    for (int i = 0; i < waitingCount;) {
      int fd = waiting[i];
      if (connections[fd].due <= time) {
        waiting[i] = waiting[--waitingCount];
        answer(fd);
      } else {
        if (connections[fd].due < next) next = connections[fd].due;
        i++;
      }
    }
    int64_t left = next == INT64_MAX ? 0 : next - now();
    if (left < 0) left = 0;
    struct timespec timeout = {left / 1000000000, left % 1000000000};
    int count = epoll_pwait2(epoll, events, EVENTS, next == INT64_MAX ? NULL : &timeout, NULL);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd == 0) {
        char line[64];
        if (read(0, line, sizeof line) <= 0) return 0;
        dump();
      } else if (portOf[fd] >= 0) {
        int one;
        while ((one = accept4(fd, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
          if (one >= FDS_MAX) {
            close(one);
            continue;
          }
          connections[one].port = portOf[fd];
          event.data.fd = one;
          epoll_ctl(epoll, EPOLL_CTL_ADD, one, &event);
        }
      } else {
        request(fd);
      }
    }
  }
}
