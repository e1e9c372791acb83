/** A capture file in the pcapng format (draft-ietf-opsawg-pcapng), which Wireshark and tshark read. */

/** LAPD frames from the address octet on, without FCS: LINKTYPE_LAPD. */
const LAPD = 203;
const SECTION = 0x0a0d0d0a;
const INTERFACE = 1;
const PACKET = 6;
const BYTE_ORDER = 0x1a2b3c4d;
/** Options: if_name, if_tsresol (10⁻⁶ s), epb_flags. */
const NAME = 2;
const RESOLUTION = 9;
const FLAGS = 2;
const INBOUND = 1;
const OUTBOUND = 2;

/** The head of a file: one interface for each D-channel, numbered as they stand here. */
export function pcapngHead(names: readonly string[]): Uint8Array {
  const section = block(SECTION, [u32(BYTE_ORDER), u16(1, 0), u32(0xffffffff, 0xffffffff)]);
  const interfaces = names.map((name) =>
    block(INTERFACE, [
      u16(LAPD, 0),
      u32(0),
      option(NAME, new TextEncoder().encode(name)),
      option(RESOLUTION, Uint8Array.of(6)),
      u32(0),
    ]),
  );
  return join([section, ...interfaces]);
}

/** One frame. `wall` in milliseconds since 1970, with its fraction. */
export function pcapngFrame(face: number, wall: number, direction: 'in' | 'out', frame: Uint8Array): Uint8Array {
  const microseconds = Math.round(wall * 1000);
  const high = Math.floor(microseconds / 2 ** 32);
  return block(PACKET, [
    u32(face, high, microseconds % 2 ** 32, frame.length, frame.length),
    padded(frame),
    option(FLAGS, u32(direction === 'in' ? INBOUND : OUTBOUND)),
    u32(0),
  ]);
}

function block(type: number, parts: readonly Uint8Array[]): Uint8Array {
  const body = join(parts);
  const length = body.length + 12;
  return join([u32(type, length), body, u32(length)]);
}

const option = (code: number, value: Uint8Array): Uint8Array => join([u16(code, value.length), padded(value)]);

/** To a multiple of four octets. */
function padded(octets: Uint8Array): Uint8Array {
  const out = new Uint8Array(Math.ceil(octets.length / 4) * 4);
  out.set(octets);
  return out;
}

function u32(...values: number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  for (const [i, value] of values.entries()) view.setUint32(4 * i, value, true);
  return new Uint8Array(view.buffer);
}

function u16(...values: number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(2 * values.length));
  for (const [i, value] of values.entries()) view.setUint16(2 * i, value, true);
  return new Uint8Array(view.buffer);
}

export function join(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
