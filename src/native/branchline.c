/*
 * What Node has no call for: batched datagrams, an absolute sleep, a real-time scheduling class; and in lines.c what spans need:
 * Ethernet frames and character devices. Plain Node-API.
 *
 * Every function answers a number: 0 or a count or a descriptor when it worked, -errno when the system refused. A wrong
 * argument is the caller's fault and throws a TypeError. Nothing here keeps state of its own, so the addon may be loaded in
 * any number of threads.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "words.h"

/* The layout of a datagram's entry, the same as ENTRY_WORDS in media/packet-io.ts: tag or descriptor, length, port, address. */
enum { WORD_TAG, WORD_LENGTH, WORD_PORT, WORD_ADDRESS, ENTRY_WORDS = WORD_ADDRESS + 4 };

/* Datagrams in one system call: a socket of the media loop has one or two waiting. */
enum { MAX_EVENTS = 256, BURST = 4 };

/* Nothing can wake a thread that sleeps here, so it never sleeps for long: a minute, in milliseconds. */
static const double LONGEST_SLEEP = 60e3;

/* The marker word of an IPv4 address mapped into IPv6, RFC 4291 §2.5.5.2. */
static const uint32_t MAPPED = 0x0000ffff;

/* ---- addresses ---- */

static socklen_t to_sockaddr(struct sockaddr_storage *out, const uint32_t *words, int port, int family) {
  memset(out, 0, sizeof *out);
  if (family == AF_INET) {
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    v4->sin_family = AF_INET;
    v4->sin_port = htons((uint16_t)port);
    v4->sin_addr.s_addr = htonl(words[3]);
    return sizeof *v4;
  }
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons((uint16_t)port);
  for (int i = 0; i < 4; i++) {
    uint32_t word = htonl(words[i]);
    memcpy(&v6->sin6_addr.s6_addr[4 * i], &word, 4);
  }
  return sizeof *v6;
}

static int family_of(const uint32_t *words) {
  return words[0] == 0 && words[1] == 0 && words[2] == MAPPED ? AF_INET : AF_INET6;
}

static void from_sockaddr(const struct sockaddr_storage *from, uint32_t *words, uint32_t *port) {
  if (from->ss_family == AF_INET) {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)from;
    words[0] = words[1] = 0;
    words[2] = MAPPED;
    words[3] = ntohl(v4->sin_addr.s_addr);
    *port = ntohs(v4->sin_port);
    return;
  }
  const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;
  for (int i = 0; i < 4; i++) {
    uint32_t word;
    memcpy(&word, &v6->sin6_addr.s6_addr[4 * i], 4);
    words[i] = ntohl(word);
  }
  *port = ntohs(v6->sin6_port);
}

/* ---- sockets ---- */

static int options(int fd, int family, int tos) {
  const int on = 1;
  /* The kernel's own stamp of arrival, since we look at the sockets only once in a tick. */
  if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) < 0) return -1;
  if (family == AF_INET) return setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
  if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0) return -1;
  return setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof tos);
}

/* udpOpen(address: Int32Array(4), port, tos) → descriptor of a bound, non-blocking socket. */
static napi_value udp_open(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  void *words;
  size_t length;
  int32_t port, tos;
  if (!arguments(env, info, 3, argv) || !array(env, argv[0], napi_int32_array, 4, &words, &length) ||
      !integer(env, argv[1], 0, 65535, &port) || !integer(env, argv[2], 0, 255, &tos))
    return NULL;
  int family = family_of(words);
  int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return outcome(env, fd);
  struct sockaddr_storage address;
  socklen_t size = to_sockaddr(&address, words, port, family);
  if (options(fd, family, tos) < 0 || bind(fd, (struct sockaddr *)&address, size) < 0) {
    int refused = -errno;
    close(fd);
    return number(env, refused);
  }
  return number(env, fd);
}

/* closeDescriptor(fd) */
static napi_value close_descriptor(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  int32_t fd;
  if (!arguments(env, info, 1, argv) || !integer(env, argv[0], 0, INT32_MAX, &fd)) return NULL;
  return outcome(env, close(fd));
}

/* epollOpen() → descriptor. */
static napi_value epoll_open(napi_env env, napi_callback_info info) {
  if (!arguments(env, info, 0, NULL)) return NULL;
  return outcome(env, epoll_create1(EPOLL_CLOEXEC));
}

/* epollAdd(epoll, fd, tag): the tag comes back with each datagram of the descriptor. Closing the descriptor takes it out. */
static napi_value epoll_add(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  int32_t epoll, fd, tag;
  if (!arguments(env, info, 3, argv) || !integer(env, argv[0], 0, INT32_MAX, &epoll) ||
      !integer(env, argv[1], 0, INT32_MAX, &fd) || !integer(env, argv[2], 0, INT32_MAX, &tag))
    return NULL;
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = ((uint64_t)(uint32_t)tag << 32) | (uint32_t)fd};
  return outcome(env, epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
}

/* ---- datagrams ---- */

static double milliseconds(const struct timespec *at) { return (double)at->tv_sec * 1e3 + (double)at->tv_nsec / 1e6; }

static double clock_now(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return milliseconds(&now);
}

/* When the kernel took the datagram in, on the wall clock; 0 when it did not say. */
static double stamp_of(struct msghdr *header) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL; c = CMSG_NXTHDR(header, c)) {
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
      struct timespec at;
      memcpy(&at, CMSG_DATA(c), sizeof at);
      return milliseconds(&at);
    }
  }
  return 0;
}

struct batch {
  uint8_t *data;
  uint32_t *meta;
  double *arrival;
  uint32_t stride;
  uint32_t room;
  uint32_t count;
  /* Both clocks as the batch began. */
  double monotonic;
  double wall;
};

/* Takes up to `wanted` datagrams, BURST at most, from one socket and answers how many there were. */
static uint32_t take(struct batch *batch, int fd, uint32_t tag, uint32_t wanted) {
  struct mmsghdr messages[BURST];
  struct iovec parts[BURST];
  struct sockaddr_storage peers[BURST];
  union {
    char octets[CMSG_SPACE(sizeof(struct timespec))];
    struct cmsghdr align;
  } control[BURST];
  for (uint32_t i = 0; i < wanted; i++) {
    parts[i] = (struct iovec){batch->data + (size_t)(batch->count + i) * batch->stride, batch->stride};
    messages[i].msg_hdr = (struct msghdr){.msg_name = &peers[i],
                                          .msg_namelen = sizeof peers[i],
                                          .msg_iov = &parts[i],
                                          .msg_iovlen = 1,
                                          .msg_control = &control[i],
                                          .msg_controllen = sizeof control[i]};
  }
  int taken = recvmmsg(fd, messages, wanted, MSG_DONTWAIT, NULL);
  if (taken <= 0) return 0; /* Nothing there, or an ICMP error of an earlier send: read away, nothing to do about it. */
  for (int i = 0; i < taken; i++) {
    uint32_t *entry = batch->meta + (size_t)batch->count * ENTRY_WORDS;
    double stamp = stamp_of(&messages[i].msg_hdr);
    double age = stamp == 0 ? 0 : batch->wall - stamp;
    /* A wall clock that was set meanwhile must not date a packet into the future or far into the past. */
    if (!(age >= 0 && age <= 1000)) age = 0;
    entry[WORD_TAG] = tag;
    entry[WORD_LENGTH] = messages[i].msg_len;
    from_sockaddr(&peers[i], entry + WORD_ADDRESS, &entry[WORD_PORT]);
    batch->arrival[batch->count] = batch->monotonic - age;
    batch->count++;
  }
  return (uint32_t)taken;
}

/* Takes what waits in one socket, `most` at most, as far as there is room. */
static void drain(struct batch *batch, int fd, uint32_t tag, uint32_t most) {
  while (most > 0 && batch->count < batch->room) {
    uint32_t wanted = most < BURST ? most : BURST;
    if (wanted > batch->room - batch->count) wanted = batch->room - batch->count;
    uint32_t taken = take(batch, fd, tag, wanted);
    if (taken < wanted) return;
    most -= taken;
  }
}

/* receive(epoll, data: Uint8Array, meta: Int32Array, arrival: Float64Array, stride, perSocket) → datagrams received. */
static napi_value receive(napi_env env, napi_callback_info info) {
  napi_value argv[6];
  int32_t epoll, stride, per_socket;
  void *data, *meta, *arrival;
  size_t octets, words, stamps;
  if (!arguments(env, info, 6, argv) || !integer(env, argv[0], 0, INT32_MAX, &epoll) ||
      !array(env, argv[1], napi_uint8_array, 1, &data, &octets) ||
      !array(env, argv[2], napi_int32_array, ENTRY_WORDS, &meta, &words) ||
      !array(env, argv[3], napi_float64_array, 1, &arrival, &stamps) || !integer(env, argv[4], 64, 65536, &stride) ||
      !integer(env, argv[5], 1, INT32_MAX, &per_socket))
    return NULL;
  size_t room = octets / (size_t)stride;
  if (words / ENTRY_WORDS < room) room = words / ENTRY_WORDS;
  if (stamps < room) room = stamps;
  if (room > INT32_MAX) room = INT32_MAX;
  struct batch batch = {data, meta, arrival, (uint32_t)stride, (uint32_t)room, 0, clock_now(CLOCK_MONOTONIC), clock_now(CLOCK_REALTIME)};
  struct epoll_event ready[MAX_EVENTS];
  /* Descriptors beyond MAX_EVENTS stay ready; epoll rotates them, so a second look in the same tick finds them. */
  for (;;) {
    int count = epoll_wait(epoll, ready, MAX_EVENTS, 0);
    if (count < 0) return errno == EINTR ? number(env, batch.count) : outcome(env, count);
    for (int i = 0; i < count && batch.count < batch.room; i++)
      drain(&batch, (int)(uint32_t)ready[i].data.u64, (uint32_t)(ready[i].data.u64 >> 32), (uint32_t)per_socket);
    if (count < MAX_EVENTS || batch.count == batch.room) return number(env, batch.count);
  }
}

/* Sends a run of datagrams of one socket; answers how many failed. A full socket buffer loses them, as a full link would. */
static uint32_t send_run(const struct batch *batch, uint32_t from, uint32_t count, int family) {
  struct mmsghdr messages[BURST];
  struct iovec parts[BURST];
  struct sockaddr_storage peers[BURST];
  for (uint32_t i = 0; i < count; i++) {
    const uint32_t *entry = batch->meta + (size_t)(from + i) * ENTRY_WORDS;
    parts[i] = (struct iovec){batch->data + (size_t)(from + i) * batch->stride, entry[WORD_LENGTH]};
    socklen_t size = to_sockaddr(&peers[i], entry + WORD_ADDRESS, (int)entry[WORD_PORT], family);
    messages[i].msg_hdr =
        (struct msghdr){.msg_name = &peers[i], .msg_namelen = size, .msg_iov = &parts[i], .msg_iovlen = 1};
  }
  int fd = (int)batch->meta[(size_t)from * ENTRY_WORDS + WORD_TAG];
  uint32_t done = 0, failed = 0;
  while (done < count) {
    int sent = sendmmsg(fd, messages + done, count - done, MSG_DONTWAIT);
    if (sent > 0) {
      done += (uint32_t)sent;
    } else if (sent < 0 && errno == EINTR) {
      continue;
    } else {
      /* The first of the rest is refused (or an ICMP error of an earlier one is told here): count it and go on. */
      done++;
      failed++;
    }
  }
  return failed;
}

/* send(data: Uint8Array, meta: Int32Array, stride, count) → datagrams that could not be sent. An entry's first word is its descriptor. */
static napi_value send_batch(napi_env env, napi_callback_info info) {
  napi_value argv[4];
  int32_t stride, count;
  void *data, *meta;
  size_t octets, words;
  if (!arguments(env, info, 4, argv) || !array(env, argv[0], napi_uint8_array, 1, &data, &octets) ||
      !array(env, argv[1], napi_int32_array, ENTRY_WORDS, &meta, &words) ||
      !integer(env, argv[2], 64, 65536, &stride) || !integer(env, argv[3], 0, INT32_MAX, &count))
    return NULL;
  if ((size_t)count > octets / (size_t)stride || (size_t)count > words / ENTRY_WORDS) {
    wrong(env, "more datagrams than the arrays hold");
    return NULL;
  }
  struct batch batch = {data, meta, NULL, (uint32_t)stride, (uint32_t)count, (uint32_t)count, 0, 0};
  uint32_t failed = 0;
  for (uint32_t at = 0; at < batch.count;) {
    const uint32_t *first = batch.meta + (size_t)at * ENTRY_WORDS;
    int family = family_of(first + WORD_ADDRESS);
    uint32_t run = 0;
    while (at + run < batch.count && run < BURST) {
      const uint32_t *entry = first + (size_t)run * ENTRY_WORDS;
      if (entry[WORD_TAG] != first[WORD_TAG] || family_of(entry + WORD_ADDRESS) != family) break;
      if (entry[WORD_LENGTH] > batch.stride || entry[WORD_PORT] > 65535) {
        wrong(env, "an entry out of range");
        return NULL;
      }
      run++;
    }
    failed += send_run(&batch, at, run, family);
    at += run;
  }
  return number(env, failed);
}

/* ---- time and scheduling ---- */

/* monotonic() → milliseconds of CLOCK_MONOTONIC. */
static napi_value monotonic(napi_env env, napi_callback_info info) {
  if (!arguments(env, info, 0, NULL)) return NULL;
  return number(env, clock_now(CLOCK_MONOTONIC));
}

/* realtime() → milliseconds of CLOCK_REALTIME, with fractions. */
static napi_value realtime(napi_env env, napi_callback_info info) {
  if (!arguments(env, info, 0, NULL)) return NULL;
  return number(env, clock_now(CLOCK_REALTIME));
}

/* sleepUntil(milliseconds of CLOCK_MONOTONIC) → 0; at once when that is past. Blocks this thread and nothing else. */
static napi_value sleep_until(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  double until;
  if (!arguments(env, info, 1, argv)) return NULL;
  if (napi_get_value_double(env, argv[0], &until) != napi_ok || !(until >= 0 && until <= clock_now(CLOCK_MONOTONIC) + LONGEST_SLEEP)) {
    wrong(env, "not a time within the next minute");
    return NULL;
  }
  struct timespec at = {.tv_sec = (time_t)(until / 1e3)};
  at.tv_nsec = (long)((until - (double)at.tv_sec * 1e3) * 1e6);
  int refused;
  do refused = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
  while (refused == EINTR);
  return number(env, -refused);
}

/* scheduleFifo(priority 1–99) → 0: this thread runs under SCHED_FIFO, threads that it starts do not. */
static napi_value schedule_fifo(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  int32_t priority;
  if (!arguments(env, info, 1, argv) || !integer(env, argv[0], 1, 99, &priority)) return NULL;
  struct sched_param param = {.sched_priority = priority};
  return outcome(env, sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param));
}

NAPI_MODULE_INIT() {
  static const struct function functions[] = {
      {"udpOpen", udp_open},   {"closeDescriptor", close_descriptor}, {"epollOpen", epoll_open},
      {"epollAdd", epoll_add}, {"receive", receive},                  {"send", send_batch},
      {"monotonic", monotonic}, {"realtime", realtime},                {"sleepUntil", sleep_until},
      {"scheduleFifo", schedule_fifo},
  };
  if (!export_all(env, exports, functions, sizeof functions / sizeof functions[0]) || !export_lines(env, exports)) return NULL;
  return exports;
}
