import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toLatin1 } from '../../../src/kernel/bytes.ts';
import { descriptionOf, partsOf } from '../../../src/sip/message/body.ts';
import type { SipRequest } from '../../../src/sip/message/message.ts';
import { RawPeer, sdp } from '../../support/sip-raw.ts';
import { offerOf, pair } from '../../support/sip-rig.ts';

const PLACE = { country: 'US', A1: 'TX', A3: 'Dallas', RD: 'Main & 1st', STS: 'St', HNO: '100', FLR: '<2>' };

const invitesOf = (sent: readonly { readonly message: { readonly type: string } }[]): readonly SipRequest[] =>
  sent.flatMap(({ message }) =>
    message.type === 'request' && (message as SipRequest).method === 'INVITE' ? [message as SipRequest] : [],
  );

/** The document of PIDF-LO, golden. */
const document = (id: string): string => `<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10"
 xmlns:gbp="urn:ietf:params:xml:ns:pidf:geopriv10:basicPolicy"
 xmlns:ca="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr" entity="pres:${id}">
<tuple id="place"><status><gp:geopriv><gp:location-info><ca:civicAddress><ca:country>US</ca:country><ca:A1>TX</ca:A1><ca:A3>Dallas</ca:A3><ca:RD>Main &amp; 1st</ca:RD><ca:STS>St</ca:STS><ca:HNO>100</ca:HNO><ca:FLR>&lt;2&gt;</ca:FLR></ca:civicAddress></gp:location-info>
<gp:usage-rules><gbp:retransmission-allowed>true</gbp:retransmission-allowed></gp:usage-rules>
<gp:method>Manual</gp:method></gp:geopriv></status></tuple>
</presence>`;

test('an INVITE says where the caller is beside its description, and the far end finds both', () => {
  const { rig, a, b } = pair();
  a.call(b, offerOf({ place: PLACE }));
  rig.run(50);
  const [invite] = invitesOf(rig.sent);
  assert.ok(invite !== undefined);
  const id = /^<cid:(.+)>$/.exec(invite.headers.get('Geolocation') ?? '')?.[1];
  assert.ok(id !== undefined);
  assert.equal(invite.headers.get('Geolocation-Routing'), 'yes');
  assert.ok(toLatin1(invite.body).includes(`Content-ID: <${id}>`));
  const [description, place, ...more] = partsOf(invite);
  assert.deepEqual(more, []);
  assert.equal(description?.type, 'application/sdp');
  assert.match(
    toLatin1(descriptionOf(invite)),
    /^v=0\r\n[\s\S]*m=audio [\s\S]*\r\n$/,
    'octet for octet, its last line end too',
  );
  assert.deepEqual(
    [place?.type, toLatin1(place?.octets ?? new Uint8Array(0))],
    ['application/pidf+xml', document(id).replaceAll('\n', '\r\n')],
  );
  assert.equal(b.heard('offer').codecs.length > 0, true, 'our own stack takes it for an offer');
});

for (const status of [415, 424]) {
  test(`who refuses the place with ${status} is asked again without it: help matters more`, () => {
    const { rig, a, b } = pair();
    const raw = new RawPeer(b);
    const leg = a.call(b, offerOf({ place: PLACE }));
    rig.run(50);
    raw.reply('INVITE', status);
    rig.run(50);
    const invites = invitesOf(rig.sent);
    assert.deepEqual(
      invites.map((invite) => [invite.headers.has('Geolocation'), invite.headers.get('Content-Type')?.split(';')[0]]),
      [
        [true, 'multipart/mixed'],
        [false, 'application/sdp'],
      ],
    );
    assert.deepEqual(a.words(leg), [], 'and the call hears nothing of it');
    raw.reply('INVITE', 200, { body: sdp(), tag: 'other' });
    rig.run(50);
    assert.ok(a.words(leg).includes('answer'));
  });
}

test('a call without a place is as it always was', () => {
  const { rig, a, b } = pair();
  a.call(b, offerOf());
  rig.run(50);
  const [invite] = invitesOf(rig.sent);
  assert.equal(invite?.headers.get('Content-Type'), 'application/sdp');
  assert.equal(invite?.headers.has('Geolocation'), false);
});
