import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namesOf } from '../../../src/net/certificate-name.ts';

const CASES: readonly (readonly [
  what: string,
  alternatives: string | undefined,
  common: string | undefined,
  names: string,
])[] = [
  [
    'names, addresses and SIP URIs',
    'DNS:Core.example, IP Address:192.0.2.1, URI:sip:sbc.example',
    'x',
    'core.example 192.0.2.1 sbc.example',
  ],
  ['the common name where there is no other', undefined, 'core.example', 'core.example'],
  ['the common name beside others proves nothing', 'DNS:a.example', 'core.example', 'a.example'],
  ['a user’s URI names no host', 'URI:sip:ada@core.example, URI:https://core.example/', undefined, ''],
  ['what pretends to be more than one entry', 'DNS:"a.example, DNS:core.example"', undefined, ''],
  ['an address that is none', 'IP Address:core.example', undefined, ''],
  ['nothing at all', undefined, undefined, ''],
];

for (const [what, alternatives, common, names] of CASES) {
  test(what, () => assert.equal([...namesOf(alternatives, common)].join(' '), names));
}
