import fc from 'fast-check';

/** Octets near a valid message: some overwritten, dropped, doubled or put in, most often with those that mean something. */
export function mutated(seed: Uint8Array): fc.Arbitrary<Uint8Array> {
  const octet = fc.oneof(
    fc.constantFrom(...'\r\n :;,<>"\\%@=?*\0\t/[]0-1'.split('').map((c) => c.charCodeAt(0))),
    fc.nat({ max: 255 }),
  );
  const change = fc.record({
    at: fc.nat({ max: seed.length - 1 }),
    kind: fc.constantFrom('overwrite', 'insert', 'drop', 'double', 'cut'),
    length: fc.integer({ min: 1, max: 40 }),
    octet,
  });
  return fc.array(change, { minLength: 1, maxLength: 4 }).map((changes) => {
    let bytes = [...seed];
    for (const { at, kind, length, octet } of changes) {
      if (kind === 'overwrite') bytes[at % Math.max(1, bytes.length)] = octet;
      else if (kind === 'insert') bytes.splice(at, 0, octet);
      else if (kind === 'drop') bytes.splice(at, length);
      else if (kind === 'double') bytes.splice(at, 0, ...bytes.slice(at, at + length));
      else bytes = length === 1 ? bytes.slice(0, at) : bytes;
    }
    return Uint8Array.from(bytes);
  });
}
