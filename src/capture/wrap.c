/*
 * What stands between cap and libpcap: scripts/build-native links cap's binding with --wrap for each of these. cap hands out the octets of
 * a packet and no more, always asks for promiscuous mode and has the kernel wake it for each packet.
 */
#include <pcap/pcap.h>
#include <stdint.h>
#include <string.h>

/* What cap's buffer begins with, in the order of this machine; cap.ts reads it. */
struct stamp {
  uint32_t seconds, microseconds; /* The kernel's, since 1970. */
  uint32_t length;                /* On the wire; behind the stamp stands what was caught of it. */
  uint32_t dropped;               /* By the kernel since the capture began, this packet's time included. */
};

enum { MOST = 65535 }; /* cap's own snap length. */
enum { GATHER = 100 }; /* For how long the kernel gathers packets before it wakes us, in milliseconds. */

int __real_pcap_dispatch(pcap_t *, int, pcap_handler, u_char *);
int __real_pcap_set_promisc(pcap_t *, int);
int __real_pcap_set_timeout(pcap_t *, int);

struct receiver {
  pcap_t *handle;
  pcap_handler call;
  u_char *user;
};

static void stamped(u_char *user, const struct pcap_pkthdr *header, const u_char *packet) {
  static u_char buffer[sizeof(struct stamp) + MOST];
  const struct receiver *to = (const struct receiver *)user;
  struct pcap_stat counts = {0};
  (void)pcap_stats(to->handle, &counts);
  const struct stamp stamp = {(uint32_t)header->ts.tv_sec, (uint32_t)header->ts.tv_usec, header->len, counts.ps_drop};
  struct pcap_pkthdr longer = *header;
  if (longer.caplen > MOST) longer.caplen = MOST;
  memcpy(buffer, &stamp, sizeof stamp);
  memcpy(buffer + sizeof stamp, packet, longer.caplen);
  longer.caplen += sizeof stamp;
  to->call(to->user, &longer, buffer);
}

int __wrap_pcap_dispatch(pcap_t *handle, int most, pcap_handler call, u_char *user) {
  struct receiver to = {handle, call, user};
  return __real_pcap_dispatch(handle, most, stamped, (u_char *)&to);
}

/* What passes between others is not ours to keep. */
int __wrap_pcap_set_promisc(pcap_t *handle, int promiscuous) {
  (void)promiscuous;
  return __real_pcap_set_promisc(handle, 0);
}

int __wrap_pcap_set_timeout(pcap_t *handle, int milliseconds) {
  (void)milliseconds;
  return __real_pcap_set_timeout(handle, GATHER);
}

/*
 * cap asks it for pcap_set_immediate_mode, and does without where there is none. Immediate, the kernel wakes us for each packet and has a slot
 * of 64 KiB for each: 128 of them in our buffer, 7 ms of 184 calls. Otherwise it packs them into blocks, and the buffer holds two seconds.
 */
void *__wrap_dlsym(void *library, const char *name) {
  (void)library;
  (void)name;
  return NULL;
}
