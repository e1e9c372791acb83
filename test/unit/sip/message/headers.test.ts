import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bitsOf, firstOf } from '../../../../src/sip/message/header-names.ts';
import { field, Headers } from '../../../../src/sip/message/headers.ts';

const vias = (): Headers =>
  Headers.of([
    ['v', 'SIP/2.0/UDP a;x="1,2", SIP/2.0/UDP b'],
    ['Subject', 'one, two'],
    ['VIA', 'SIP/2.0/UDP c'],
  ]);

test('compact and full names in any case are the same header', () => {
  const headers = Headers.of([
    ['i', '1'],
    ['K', 'timer'],
    ['sUPPORTED', '100rel'],
  ]);
  assert.equal(headers.get('Call-ID'), '1');
  assert.deepEqual(headers.all('Supported'), ['timer', '100rel']);
});

test('a comma divides values only where the grammar makes a list, and not inside quotes or brackets', () => {
  assert.deepEqual(vias().all('Via'), ['SIP/2.0/UDP a;x="1,2"', 'SIP/2.0/UDP b', 'SIP/2.0/UDP c']);
  assert.deepEqual(vias().all('Subject'), ['one, two']);
  const contacts = Headers.of([['m', '"a,\\",b" <sip:x@y;p=1,2>, <sip:z@w>']]);
  assert.deepEqual(contacts.all('Contact'), ['"a,\\",b" <sip:x@y;p=1,2>', '<sip:z@w>']);
});

test('the first value of a list is taken away and put back without touching the others', () => {
  const headers = vias().removeFirst('Via');
  assert.deepEqual(headers.all('Via'), ['SIP/2.0/UDP b', 'SIP/2.0/UDP c']);
  headers.prepend('Via', 'SIP/2.0/UDP z');
  assert.deepEqual(headers.all('Via'), ['SIP/2.0/UDP z', 'SIP/2.0/UDP b', 'SIP/2.0/UDP c']);
  headers.replaceFirst('Via', 'SIP/2.0/UDP y');
  assert.deepEqual(
    [...headers.entries()].map(([name]) => name),
    ['Via', 'v', 'Subject', 'VIA'],
  );
  assert.equal(headers.get('Via'), 'SIP/2.0/UDP y');
  assert.equal(headers.removeFirst('Via').removeFirst('Via').removeFirst('Via').has('Via'), false);
});

test('setting a header keeps its place and leaves one of it', () => {
  const headers = vias().set('Via', 'x');
  assert.deepEqual(
    [...headers.entries()],
    [
      ['Via', 'x'],
      ['Subject', 'one, two'],
    ],
  );
  assert.deepEqual([...headers.set('To', 't').entries()].at(-1), ['To', 't']);
});

test('a value of ours cannot break out of its line', () => {
  const headers = Headers.of([['Subject', 'a\r\nRoute: <sip:evil>']]).add('X', 'b\nc');
  assert.deepEqual(
    [...headers.entries()],
    [
      ['Subject', 'a Route: <sip:evil>'],
      ['X', 'b c'],
    ],
  );
});

test('a clone is not changed with its original', () => {
  const headers = vias();
  const copy = headers.clone();
  headers.delete('Via').add('X', '1');
  assert.equal(copy.all('Via').length, 3);
  assert.equal(copy.has('X'), false);
});

test('a typed value follows its header when that changes', () => {
  const length = field((headers) => headers.get('Subject')?.length);
  const headers = vias();
  assert.equal(headers.typed(length), 8);
  assert.equal(headers.set('Subject', 'abc').typed(length), 3);
  assert.equal(headers.delete('Subject').typed(length), undefined);
});

test('headers that may stand only once are counted in every spelling, unknown ones and lists are not', () => {
  const headers = Headers.of([
    ['To', '1'],
    ['T', '2'],
    ['From', '3'],
    ['Via', '4'],
    ['v', '5'],
    ['X-New', '6'],
    ['x-new', '7'],
  ]);
  assert.deepEqual([headers.there, headers.repeated], [bitsOf(['To', 'From']), bitsOf(['To'])]);
  assert.deepEqual([firstOf(bitsOf(['From', 'CSeq'])), headers.all('X-NEW')], ['From', ['6', '7']]);
});
