/*
 * What libpri spends on the calls of q931.ts: two of its ends, user and network, joined in memory. The argument is the number of
 * calls; each goes from SETUP to RELEASE COMPLETE before the next begins. Prints the CPU time of one call in µs, then the frames
 * and octets of one call.
 *
 *   cc -O2 -o pri-call pri-call.c -lpri
 */
#include <libpri.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define WARM_UP 500
#define MOST_FRAMES 64
#define FCS 2

struct frame {
  int length;
  unsigned char octets[300];
};

/* One end, with the frames that wait to be read by it. */
struct end {
  struct pri *pri;
  struct end *peer;
  struct frame waiting[MOST_FRAMES];
  unsigned first, count;
};

static struct end user, network;
static int up, over;
static long frames, octets;

static void fail(const char *why) {
  fprintf(stderr, "%s\n", why);
  exit(1);
}

static double cpu_us(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return 1e6 * (u.ru_utime.tv_sec + u.ru_stime.tv_sec) + u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

/* libpri leaves room for the FCS behind every frame, and wants it behind what it reads. */
static int read_frame(struct pri *pri, void *room, int size) {
  struct end *end = pri_get_userdata(pri);
  if (end->count == 0) return 0;
  struct frame *frame = &end->waiting[end->first % MOST_FRAMES];
  if (frame->length > size) fail("frame too long");
  memcpy(room, frame->octets, frame->length);
  end->first++;
  end->count--;
  return frame->length;
}

static int write_frame(struct pri *pri, void *from, int length) {
  struct end *end = ((struct end *)pri_get_userdata(pri))->peer;
  if (end->count == MOST_FRAMES || length > (int)sizeof end->waiting[0].octets) fail("no room for a frame");
  struct frame *frame = &end->waiting[(end->first + end->count) % MOST_FRAMES];
  memcpy(frame->octets, from, length);
  frame->length = length;
  end->count++;
  frames++;
  octets += length - FCS;
  return length;
}

/* The network's end answers what comes; the user's hangs up when it is answered. */
static void happen(struct end *end, pri_event *event) {
  switch (event->e) {
    case PRI_EVENT_DCHAN_UP:
      up++;
      break;
    case PRI_EVENT_RING:
      pri_proceeding(end->pri, event->ring.call, event->ring.channel, 0);
      pri_acknowledge(end->pri, event->ring.call, event->ring.channel, 0);
      pri_answer(end->pri, event->ring.call, event->ring.channel, 0);
      break;
    case PRI_EVENT_ANSWER:
      pri_hangup(end->pri, event->answer.call, PRI_CAUSE_NORMAL_CLEARING);
      break;
    case PRI_EVENT_HANGUP_REQ:
    case PRI_EVENT_HANGUP:
    case PRI_EVENT_HANGUP_ACK:
      if (event->hangup.cause != PRI_CAUSE_NORMAL_CLEARING) fail("cleared with another cause");
      pri_hangup(end->pri, event->hangup.call, event->hangup.cause);
      if (event->e != PRI_EVENT_HANGUP_REQ) over++;
      break;
  }
}

/* Lets every frame arrive; what a timer has to do meanwhile is done. */
static void settle(void) {
  while (user.count + network.count > 0) {
    struct end *ends[] = {&user, &network};
    for (int i = 0; i < 2; i++) {
      struct end *end = ends[i];
      pri_event *event = end->count > 0 ? pri_check_event(end->pri) : NULL;
      if (event != NULL) happen(end, event);
      pri_schedule_next(end->pri);
    }
  }
}

static void call_once(void) {
  q931_call *call = pri_new_call(user.pri);
  struct pri_sr *setup = pri_sr_new();
  if (call == NULL || setup == NULL) fail("no call");
  pri_sr_set_channel(setup, 1, 1, 0);
  pri_sr_set_bearer(setup, PRI_TRANS_CAP_SPEECH, PRI_LAYER_1_ULAW);
  pri_sr_set_called(setup, "9725551234", PRI_NATIONAL_ISDN, 1);
  pri_sr_set_caller(setup, "2145550100", NULL, PRI_NATIONAL_ISDN, PRES_ALLOWED_USER_NUMBER_PASSED_SCREEN);
  if (pri_setup(user.pri, call, setup) != 0) fail("SETUP refused");
  pri_sr_free(setup);
  over = 0;
  settle();
  if (over != 2) fail("a call did not end at both ends");
}

static void be_silent(struct pri *pri, char *text) {
  (void)pri;
  (void)text;
}

static void begin(struct end *end, struct end *peer, int side) {
  end->peer = peer;
  end->pri = pri_new_cb(0, side, PRI_SWITCH_NI2, read_frame, write_frame, end);
  if (end->pri == NULL) fail("no libpri");
  pri_hangup_fix_enable(end->pri, 1);
}

int main(int count, char **words) {
  int calls = count > 1 ? atoi(words[1]) : 1000;
  pri_set_message(be_silent);
  pri_set_error(be_silent);
  begin(&user, &network, PRI_CPE);
  begin(&network, &user, PRI_NETWORK);
  settle();
  if (up != 2) fail("the link did not come up");
  for (int i = 0; i < WARM_UP; i++) call_once();
  frames = octets = 0;
  double start = cpu_us();
  for (int i = 0; i < calls; i++) call_once();
  printf("%.3f %ld %ld\n", (cpu_us() - start) / calls, frames / calls, octets / calls);
  return 0;
}
