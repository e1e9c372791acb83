/** OPTIONS to a peer (RFC 3261 §11): is anybody there who would take a call? */
import { type Random, token } from '../kernel/random.ts';
import { type Millis, seconds } from '../kernel/time.ts';
import { request } from '../sip/message/message.ts';
import type { SipEdge } from './sip-edge.ts';

/** How long a peer may be silent. */
const PATIENCE: Millis = seconds(4);

/**
 * Asks once; `done` comes once. Alive is who answers anything but a timeout or a server failure: a peer that refuses OPTIONS
 * itself, or wants credentials for it, is there.
 */
export function probe(
  edge: Pick<SipEdge, 'say'>,
  random: Random,
  { uri, domain, userAgent }: { readonly uri: string; readonly domain: string; readonly userAgent: string },
  done: (alive: boolean) => void,
): void {
  const options = request('OPTIONS', uri, [
    ['Max-Forwards', '70'],
    ['From', `<sip:${domain}>;tag=${token(random, 8)}`],
    ['To', `<${uri}>`],
    ['Call-ID', token(random, 16)],
    ['CSeq', '1 OPTIONS'],
    ['Accept', 'application/sdp'],
    ['User-Agent', userAgent],
  ]);
  let open = true;
  const answer = (alive: boolean): void => {
    if (open) done(alive);
    open = false;
  };
  edge.say(
    { type: 'request', transaction: `probe-${token(random, 8)}`, request: options, nextHop: uri },
    {
      flow: undefined,
      patience: PATIENCE,
      hear: (wire) => {
        if (wire.type === 'timeout' || wire.type === 'failed') answer(false);
        if (wire.type !== 'response' || wire.response.status < 200) return;
        const { status } = wire.response;
        answer(status !== 408 && status < 500);
      },
    },
  );
}
