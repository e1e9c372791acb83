/*
 * What libosip2 spends on the messages of sip-parse.ts. Reads from standard input: the number of rounds and of messages, then
 * each message as its length, a line feed and its octets. Prints the CPU time of one round over all messages, in µs.
 *
 *   cc -O2 -o osip-parse osip-parse.c -losipparser2
 */
#include <osipparser2/osip_message.h>
#include <osipparser2/osip_parser.h>
#include <osipparser2/sdp_message.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

struct text {
  char *octets;
  size_t length;
};

static double cpu_us(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return 1e6 * (u.ru_utime.tv_sec + u.ru_stime.tv_sec) + u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

static void fail(const char *why) {
  fprintf(stderr, "%s\n", why);
  exit(1);
}

/* Parsing the message parses From, To, Via, Call-ID, CSeq, Contact and the Request-URI; the description is asked for apart. */
static void read_message(const struct text *t) {
  osip_message_t *sip;
  osip_body_t *body;
  osip_contact_t *contact;
  osip_header_t *header;
  osip_generic_param_t *param = NULL;
  if (osip_message_init(&sip) != 0 || osip_message_parse(sip, t->octets, t->length) != 0) fail("not parsed");
  if (sip->cseq == NULL || sip->call_id == NULL || osip_list_size(&sip->vias) < 1) fail("headers missing");
  osip_from_get_tag(sip->from, &param);
  osip_to_get_tag(sip->to, &param);
  osip_message_get_contact(sip, 0, &contact);
  osip_message_header_get_byname(sip, "max-forwards", 0, &header);
  osip_message_get_expires(sip, 0, &header);
  if (osip_message_get_body(sip, 0, &body) == 0) {
    sdp_message_t *sdp;
    if (sdp_message_init(&sdp) != 0 || sdp_message_parse(sdp, body->body) != 0) fail("description not parsed");
    sdp_message_free(sdp);
  }
  osip_message_free(sip);
}

int main(void) {
  int rounds, count;
  if (scanf("%d %d", &rounds, &count) != 2) fail("rounds and count expected");
  struct text *texts = calloc(count, sizeof *texts);
  for (int i = 0; i < count; i++) {
    if (scanf("%zu", &texts[i].length) != 1 || getchar() != '\n') fail("length expected");
    texts[i].octets = malloc(texts[i].length + 1);
    if (fread(texts[i].octets, 1, texts[i].length, stdin) != texts[i].length) fail("octets expected");
    texts[i].octets[texts[i].length] = 0;
  }
  if (parser_init() != 0) fail("no parser");
  for (int i = 0; i < count; i++) read_message(&texts[i]);
  double start = cpu_us();
  for (int r = 0; r < rounds; r++)
    for (int i = 0; i < count; i++) read_message(&texts[i]);
  printf("%.3f\n", (cpu_us() - start) / rounds);
  return 0;
}
