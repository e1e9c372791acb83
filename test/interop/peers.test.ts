/** Who passes as a SIP trunk: a certificate's name, a listener of its own, a port or an address; and who only shares its address. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { Phone, type PhoneOptions } from '../../scripts/demo/phone.ts';
import { BoxProcess, branchline, DOMAIN, settingsOf, userOf } from '../support/box-process.ts';
import { authority } from '../support/certificates.ts';

const LOCAL = '127.0.0.1';
const SIP = { address: LOCAL, port: 31_600 };
/** The listener of one trunk alone. */
const OWN = { address: LOCAL, port: 31_601 };
const TLS = { address: LOCAL, port: 31_602 };
const PEERS = { door: '127.0.0.21', pbx: '127.0.0.22' } as const;
const CALLED = '+12145550202';
/** Nobody of ours. */
const OUTSIDE = '+14255550100';

describe('who is a trunk', () => {
  const certificates = authority();
  const phones: Phone[] = [];
  let box: BoxProcess;

  async function open(user: string, more: Partial<PhoneOptions> = {}): Promise<Phone> {
    const phone = await Phone.open({ registrar: SIP, user, password: `pw-${user}`, domain: DOMAIN, ...more });
    phones.push(phone);
    return phone;
  }

  async function secure(...names: string[]): Promise<TLSSocket> {
    const { key, cert } = certificates.issue(names);
    const socket = connectTls({ port: TLS.port, host: LOCAL, ca: certificates.ca, key, cert });
    await once(socket, 'secureConnect');
    return socket;
  }

  before(async () => {
    const listen = { transport: 'udp', address: LOCAL };
    box = new BoxProcess(
      settingsOf(
        { sip: SIP.port, http: 31_603, media: '31610-31699' },
        {
          sip: {
            listen: [
              { ...listen, port: SIP.port },
              { ...listen, port: OWN.port },
              { transport: 'tls', ...TLS },
            ],
            tls: { certificate: 'box.pem', key: 'box.key', ca: 'ca.pem' },
          },
          users: [userOf('201', '+12145550201'), userOf('202', CALLED)],
          sipTrunks: [
            { id: 'door', address: PEERS.door },
            { id: 'pbx', address: PEERS.pbx, listenPort: OWN.port },
            { id: 'core', address: 'core.example', transport: 'tls', probe: false },
            { id: 'carrier', address: '192.0.2.1', transport: 'tls', certificateName: 'carrier.example', probe: false },
          ],
          routes: [{ id: 'everywhere', prefixes: ['+'], gateways: ['core'] }],
          emergency: { gateways: ['core'] },
        },
      ),
    );
    const own = certificates.issue([`IP:${LOCAL}`]);
    for (const [name, pem] of [
      ['box.pem', own.cert],
      ['box.key', own.key],
      ['ca.pem', certificates.ca],
    ] as const)
      writeFileSync(join(box.folder, name), pem);
    await box.start();
    const callee = await open('202');
    callee.onCall = (call) => call.accept();
    assert.equal(await callee.register(600), 200);
  });
  after(async () => {
    for (const phone of phones) await phone.close();
    await box?.remove();
  });

  /** Calls, and says as whom the box takes the caller; undefined where it does not let him call. */
  async function takenAs(phone: Phone): Promise<string | undefined> {
    const call = await phone.call(`sip:${CALLED}@${DOMAIN}`);
    if (!(await call.answered)) return undefined;
    const found = (await box.calls()).map(({ legs }) => legs[0]?.with);
    assert.equal(found.length, 1);
    await call.hangUp();
    await box.until('the call is over', async () => (await box.calls()).length === 0);
    return found[0];
  }

  test('a phone that shares a trunk’s address proves itself like any other, and is not taken for the trunk', async () => {
    assert.equal(await takenAs(await open('201', { local: PEERS.door })), 'user 201');
    assert.equal(await takenAs(await open('201', { local: PEERS.door, password: 'wrong' })), undefined);
  });

  test('the trunk itself calls from its address, for callers that are not ours', async () => {
    assert.equal(await takenAs(await open(OUTSIDE, { local: PEERS.door })), 'sip-trunk door');
    assert.equal(await takenAs(await open(OUTSIDE, { local: '127.0.0.23' })), undefined);
  });

  test('a trunk with a listener of its own is one there, and nowhere else', async () => {
    assert.equal(await takenAs(await open(OUTSIDE, { local: PEERS.pbx })), undefined);
    assert.equal(await takenAs(await open(OUTSIDE, { local: PEERS.pbx, registrar: OWN })), 'sip-trunk pbx');
    // What the PBX says of our users is its own affair.
    assert.equal(await takenAs(await open('201', { local: PEERS.pbx, registrar: OWN, password: '' })), 'sip-trunk pbx');
    assert.equal(await takenAs(await open('201', { registrar: OWN })), 'user 201');
  });

  test('over TLS the certificate’s name says which trunk it is, wherever it comes from', async () => {
    const from = async (...names: string[]) =>
      takenAs(await open(OUTSIDE, { registrar: TLS, stream: await secure(...names) }));
    assert.equal(await from('DNS:core.example'), 'sip-trunk core');
    assert.equal(await from('DNS:sbc7.carrier.example', 'URI:sip:carrier.example'), 'sip-trunk carrier');
    assert.equal(await from('DNS:core.example.attacker.example'), undefined);
    assert.equal(await from('DNS:*.example'), undefined);
  });

  test('status says how each trunk is known, and which of that is weak', async () => {
    const { stdout } = await branchline('status', '--url', box.url);
    assert.match(stdout, /core .*certificate/);
    assert.match(stdout, /door .*address alone \(weak\)/);
    assert.match(stdout, /pbx .*address and port 31601 \(weak\)/);
  });
});
