/* What spans need of the system: Ethernet frames in batches, character devices, and to be told when one of those is ready. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <string.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>
#include "words.h"

/* Frames in one system call. */
enum { BURST = 64 };

/* The most descriptors in one sweep. */
enum { MAX_SWEEP = 512 };

/* What a socket holds while nobody looks: a second of eight spans. */
static const int RECEIVE_BUFFER = 8 << 20;

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

static int text(napi_env env, napi_value value, char *out, size_t room) {
  size_t length;
  if (napi_get_value_string_utf8(env, value, out, room, &length) != napi_ok || length == 0 || length == room - 1)
    return wrong(env, "not a text of that length");
  return 1;
}

/* ---- Ethernet ---- */

/* Opens and binds; answers the descriptor, or -1 with errno. */
static int packet_socket(const char *name, int ethertype, uint8_t *address) {
  /* Protocol 0 until it is bound: otherwise the frames of every interface would come in between. */
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  struct ifreq request = {0};
  memcpy(request.ifr_name, name, strlen(name)); /* `text` left room for the end. */
  const int on = 1;
  if (ioctl(fd, SIOCGIFHWADDR, &request) < 0) goto refused;
  memcpy(address, request.ifr_hwaddr.sa_data, ETH_ALEN);
  if (ioctl(fd, SIOCGIFINDEX, &request) < 0) goto refused;
  struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons((uint16_t)ethertype), .sll_ifindex = request.ifr_ifindex};
  /* Both only make it better: who has not the right to a large buffer gets what the system allows. */
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &RECEIVE_BUFFER, sizeof RECEIVE_BUFFER) < 0)
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &RECEIVE_BUFFER, sizeof RECEIVE_BUFFER);
  (void)setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on);
  if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0) goto refused;
  return fd;
refused:;
  int why = errno;
  close(fd);
  errno = why;
  return -1;
}

/* packetOpen(interface, ethertype, address: Uint8Array(6)) → descriptor; `address` is filled with the interface's own. */
static napi_value packet_open(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  char name[IFNAMSIZ + 1];
  int32_t ethertype;
  void *address;
  size_t length;
  if (!arguments(env, info, 3, argv) || !text(env, argv[0], name, sizeof name) || !integer(env, argv[1], 0x600, 0xffff, &ethertype) ||
      !array(env, argv[2], napi_uint8_array, ETH_ALEN, &address, &length))
    return NULL;
  return outcome(env, packet_socket(name, ethertype, address));
}

static void frames_of(struct mmsghdr *messages, struct iovec *parts, uint8_t *data, size_t stride, const int32_t *lengths, size_t count) {
  for (size_t i = 0; i < count; i++) {
    parts[i] = (struct iovec){data + i * stride, lengths == NULL ? stride : (size_t)lengths[i]};
    messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &parts[i], .msg_iovlen = 1}};
  }
}

/* packetReceive(fd, data: Uint8Array, lengths: Int32Array, stride) → frames; a frame that did not fit has length 0. */
static napi_value packet_receive(napi_env env, napi_callback_info info) {
  napi_value argv[4];
  int32_t fd, stride;
  void *data, *lengths;
  size_t octets, room;
  if (!arguments(env, info, 4, argv) || !integer(env, argv[0], 0, INT32_MAX, &fd) ||
      !array(env, argv[1], napi_uint8_array, 1, &data, &octets) || !array(env, argv[2], napi_int32_array, 1, &lengths, &room) ||
      !integer(env, argv[3], ETH_ZLEN, 65536, &stride))
    return NULL;
  if (room > octets / (size_t)stride) room = octets / (size_t)stride;
  size_t count = 0;
  while (count < room) {
    struct mmsghdr messages[BURST];
    struct iovec parts[BURST];
    size_t wanted = room - count < BURST ? room - count : BURST;
    frames_of(messages, parts, (uint8_t *)data + count * (size_t)stride, (size_t)stride, NULL, wanted);
    int taken = recvmmsg(fd, messages, (unsigned)wanted, MSG_DONTWAIT, NULL);
    if (taken < 0 && errno == EINTR) continue;
    if (taken < 0 && errno != EAGAIN && count == 0) return outcome(env, taken);
    if (taken <= 0) break;
    for (int i = 0; i < taken; i++)
      ((int32_t *)lengths)[count++] = messages[i].msg_hdr.msg_flags & MSG_TRUNC ? 0 : (int32_t)messages[i].msg_len;
    if ((size_t)taken < wanted) break;
  }
  return number(env, (double)count);
}

/* packetSend(fd, data: Uint8Array, lengths: Int32Array, stride, count) → frames sent; those behind them the system would not take. */
static napi_value packet_send(napi_env env, napi_callback_info info) {
  napi_value argv[5];
  int32_t fd, stride, count;
  void *data, *lengths;
  size_t octets, room;
  if (!arguments(env, info, 5, argv) || !integer(env, argv[0], 0, INT32_MAX, &fd) ||
      !array(env, argv[1], napi_uint8_array, 1, &data, &octets) || !array(env, argv[2], napi_int32_array, 1, &lengths, &room) ||
      !integer(env, argv[3], ETH_ZLEN, 65536, &stride) || !integer(env, argv[4], 0, INT32_MAX, &count))
    return NULL;
  if ((size_t)count > room || (size_t)count > octets / (size_t)stride) {
    wrong(env, "more frames than the arrays hold");
    return NULL;
  }
  for (int32_t i = 0; i < count; i++) {
    int32_t length = ((int32_t *)lengths)[i];
    if (length < ETH_HLEN || length > stride) {
      wrong(env, "a frame out of range");
      return NULL;
    }
  }
  int32_t done = 0;
  while (done < count) {
    struct mmsghdr messages[BURST];
    struct iovec parts[BURST];
    size_t wanted = count - done < BURST ? (size_t)(count - done) : BURST;
    frames_of(messages, parts, (uint8_t *)data + (size_t)done * (size_t)stride, (size_t)stride, (int32_t *)lengths + done, wanted);
    int sent = sendmmsg(fd, messages, (unsigned)wanted, MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && done == 0 && errno != EAGAIN && errno != ENOBUFS) return outcome(env, sent);
    if (sent <= 0) break;
    done += sent;
  }
  return number(env, done);
}

/* ---- character devices ---- */

/* deviceOpen(path) → descriptor, for reading and writing without waiting. */
static napi_value device_open(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  char path[256];
  if (!arguments(env, info, 1, argv) || !text(env, argv[0], path, sizeof path)) return NULL;
  return outcome(env, open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC));
}

/* deviceControl(fd, request, argument: Uint8Array) → what ioctl answers. The size in the request must fit the argument. */
static napi_value device_control(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  int32_t fd;
  double request;
  void *argument;
  size_t length;
  if (!arguments(env, info, 3, argv) || !integer(env, argv[0], 0, INT32_MAX, &fd)) return NULL;
  if (napi_get_value_double(env, argv[1], &request) != napi_ok || !(request >= 0 && request <= UINT32_MAX)) {
    wrong(env, "not a request");
    return NULL;
  }
  if (!array(env, argv[2], napi_uint8_array, _IOC_SIZE((uint32_t)request), &argument, &length)) return NULL;
  return outcome(env, ioctl(fd, (unsigned long)(uint32_t)request, argument));
}

/* The arguments of both sweeps. */
struct sweep {
  int32_t *fds;
  uint8_t *data;
  int32_t *lengths;
  size_t count;
  size_t stride;
};

static int sweep_of(napi_env env, napi_callback_info info, struct sweep *sweep) {
  napi_value argv[4];
  int32_t stride;
  void *fds, *data, *lengths;
  size_t octets, room;
  if (!arguments(env, info, 4, argv) || !array(env, argv[0], napi_int32_array, 0, &fds, &sweep->count) ||
      !array(env, argv[1], napi_uint8_array, 0, &data, &octets) ||
      !array(env, argv[2], napi_int32_array, sweep->count, &lengths, &room) || !integer(env, argv[3], 1, 65536, &stride))
    return 0;
  if (sweep->count > MAX_SWEEP || sweep->count > octets / (size_t)stride) return wrong(env, "more descriptors than the data has room for");
  *sweep = (struct sweep){fds, data, lengths, sweep->count, (size_t)stride};
  return 1;
}

/*
 * deviceRead(fds: Int32Array, data: Uint8Array, lengths: Int32Array, stride) → descriptors that gave something. Each is read once, into
 * its own `stride` octets; `lengths` gets what came, or -errno. A negative descriptor is passed over with length 0.
 */
static napi_value device_read(napi_env env, napi_callback_info info) {
  struct sweep sweep;
  if (!sweep_of(env, info, &sweep)) return NULL;
  int count = 0;
  for (size_t i = 0; i < sweep.count; i++) {
    ssize_t taken = sweep.fds[i] < 0 ? 0 : read(sweep.fds[i], sweep.data + i * sweep.stride, sweep.stride);
    sweep.lengths[i] = taken < 0 ? -errno : (int32_t)taken;
    if (taken > 0) count++;
  }
  return number(env, count);
}

/* deviceWrite(fds, data, lengths, stride) → descriptors that took something: of each entry `lengths` octets, which become what was taken or -errno. */
static napi_value device_write(napi_env env, napi_callback_info info) {
  struct sweep sweep;
  if (!sweep_of(env, info, &sweep)) return NULL;
  int count = 0;
  for (size_t i = 0; i < sweep.count; i++) {
    int32_t length = sweep.lengths[i];
    if (length < 0 || (size_t)length > sweep.stride) {
      wrong(env, "a length out of range");
      return NULL;
    }
    ssize_t taken = sweep.fds[i] < 0 || length == 0 ? 0 : write(sweep.fds[i], sweep.data + i * sweep.stride, (size_t)length);
    sweep.lengths[i] = taken < 0 ? -errno : (int32_t)taken;
    if (taken > 0) count++;
  }
  return number(env, count);
}

/* ---- readiness ---- */

/* One descriptor that the event loop of its thread watches. */
struct watch {
  uv_poll_t poll;
  napi_env env;
  napi_ref callback;
  napi_async_cleanup_hook_handle hook;
};

static void watch_gone(uv_handle_t *handle) {
  struct watch *watch = (struct watch *)handle->data;
  napi_remove_async_cleanup_hook(watch->hook);
  free(watch);
}

static void watch_close(struct watch *watch) {
  if (watch->callback == NULL) return;
  napi_delete_reference(watch->env, watch->callback);
  watch->callback = NULL;
  uv_close((uv_handle_t *)&watch->poll, watch_gone);
}

/* The thread ends before it has stopped watching. */
static void watch_cleanup(napi_async_cleanup_hook_handle hook, void *data) {
  (void)hook;
  watch_close((struct watch *)data);
}

static void watch_ready(uv_poll_t *poll, int status, int events) {
  (void)events;
  struct watch *watch = (struct watch *)poll->data;
  napi_handle_scope scope;
  napi_value callback, receiver, argument;
  if (napi_open_handle_scope(watch->env, &scope) != napi_ok) return;
  if (napi_get_reference_value(watch->env, watch->callback, &callback) == napi_ok &&
      napi_get_global(watch->env, &receiver) == napi_ok &&
      napi_create_int32(watch->env, status < 0 ? status : 0, &argument) == napi_ok)
    napi_make_callback(watch->env, NULL, receiver, callback, 1, &argument, NULL);
  napi_close_handle_scope(watch->env, scope);
}

/* watch(fd, callback(status)) → handle. The callback comes while there is something to read, or something urgent, until `unwatch`. */
static napi_value watch_start(napi_env env, napi_callback_info info) {
  napi_value argv[2], out;
  int32_t fd;
  napi_valuetype type;
  uv_loop_t *loop;
  if (!arguments(env, info, 2, argv) || !integer(env, argv[0], 0, INT32_MAX, &fd)) return NULL;
  if (napi_typeof(env, argv[1], &type) != napi_ok || type != napi_function || napi_get_uv_event_loop(env, &loop) != napi_ok) {
    wrong(env, "not a function");
    return NULL;
  }
  struct watch *watch = calloc(1, sizeof *watch);
  if (watch == NULL) return number(env, -ENOMEM);
  watch->env = env;
  int refused = uv_poll_init(loop, &watch->poll, fd);
  if (refused < 0) {
    free(watch);
    return number(env, refused);
  }
  watch->poll.data = watch;
  if (napi_create_reference(env, argv[1], 1, &watch->callback) != napi_ok ||
      napi_add_async_cleanup_hook(env, watch_cleanup, watch, &watch->hook) != napi_ok ||
      napi_create_external(env, watch, NULL, NULL, &out) != napi_ok)
    return NULL;
  uv_poll_start(&watch->poll, UV_READABLE | UV_PRIORITIZED, watch_ready);
  return out;
}

/* unwatch(handle): before the descriptor is closed, and once. */
static napi_value watch_stop(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  void *watch;
  if (!arguments(env, info, 1, argv)) return NULL;
  if (napi_get_value_external(env, argv[0], &watch) != napi_ok) {
    wrong(env, "not a handle");
    return NULL;
  }
  watch_close((struct watch *)watch);
  return number(env, 0);
}

int export_lines(napi_env env, napi_value exports) {
  static const struct function functions[] = {
      {"packetOpen", packet_open},       {"packetReceive", packet_receive}, {"packetSend", packet_send}, {"deviceOpen", device_open},
      {"deviceControl", device_control}, {"deviceRead", device_read},       {"deviceWrite", device_write}, {"watch", watch_start},
      {"unwatch", watch_stop},
  };
  return export_all(env, exports, functions, sizeof functions / sizeof functions[0]);
}
