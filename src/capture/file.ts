/** The file that is saved: interfaces of packets and D-channels side by side, and everything in the order of its time. */
import type { Packets } from './keeper.ts';
import {
  blockAt,
  countsBlock,
  type Face,
  interfaceBlock,
  join,
  LINK,
  packetBlock,
  sectionBlock,
  timeOf,
} from './pcapng.ts';
import type { DFrame } from './recorder.ts';

/** Octets of a piece, at least. */
const PIECE = 65_536;

/** The file in pieces, so that a large one is made while it is sent. Interfaces of packets come first: their blocks stay as they are. */
export function* captureFile(packets: Packets, lines: Lines): Generator<Uint8Array> {
  let held: Uint8Array[] = [];
  let octets = 0;
  for (const part of blocks(packets, lines)) {
    held.push(part);
    octets += part.length;
    if (octets < PIECE) continue;
    yield join(held);
    held = [];
    octets = 0;
  }
  if (octets > 0) yield join(held);
}

/** D-channels, and what crossed them in the order of its time. */
interface Lines {
  readonly spans: readonly string[];
  readonly frames: readonly DFrame[];
}

function* blocks(packets: Packets, { spans, frames }: Lines): Generator<Uint8Array> {
  const faces: readonly Face[] = [...packets.faces, ...spans.map((name) => ({ name, link: LINK.lapd }))];
  yield sectionBlock();
  for (const face of faces) yield interfaceBlock(face);
  yield* inOrder(packets.runs, frames, ({ time, span, direction, octets }) =>
    packetBlock(packets.faces.length + span, time, octets, { direction }),
  );
  for (const [face, counts] of packets.counts.entries())
    if (face < packets.faces.length) yield countsBlock(face, packets.latest, counts);
}

/** Puts each frame before the first packet that is later. */
function* inOrder(
  runs: readonly Uint8Array[],
  frames: readonly DFrame[],
  print: (frame: DFrame) => Uint8Array,
): Generator<Uint8Array> {
  let next = 0;
  for (const run of runs) {
    const view = new DataView(run.buffer, run.byteOffset, run.length);
    let from = 0;
    for (let at = 0; at < run.length; ) {
      const block = blockAt(view, at, run.length);
      if (typeof block === 'string') break;
      const time = timeOf(view, block);
      for (let frame = frames[next]; frame !== undefined && frame.time < time; frame = frames[++next]) {
        if (at > from) yield run.subarray(from, at);
        from = at;
        yield print(frame);
      }
      at = block.to;
    }
    yield run.subarray(from);
  }
  for (const frame of frames.slice(next)) yield print(frame);
}
