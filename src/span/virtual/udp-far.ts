import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { FarEnd } from './far-end.ts';

export interface UdpAddress {
  readonly address: string;
  readonly port: number;
}

export interface UdpFarParts {
  /** Where we hear the far end's frames; port 0 takes a free one. */
  readonly listen: UdpAddress;
  readonly peer: UdpAddress;
  /** A frame from the far end. */
  readonly onFrame: (frame: Uint8Array) => void;
  readonly onFailure: (why: string) => void;
}

/** A far end in another process: one datagram is one LAPD frame, without flags and FCS. Rejects with what to mend where the port can't be had. */
export function openUdpFar({ listen, peer, onFrame, onFailure }: UdpFarParts): Promise<FarEnd> {
  const socket = createSocket({ type: isIPv6(listen.address) ? 'udp6' : 'udp4' });
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(new Error(`far.listen: UDP ${listen.address}:${listen.port} for the D-channel: ${error.message}`));
    });
    socket.bind({ address: listen.address, port: listen.port, exclusive: true }, () => {
      socket.removeAllListeners('error');
      socket.on('error', (error) => onFailure(error.message));
      // Who else sends to this port is not the far end.
      socket.on('message', (frame, from) => {
        if (from.port === peer.port && from.address === peer.address) onFrame(new Uint8Array(frame));
      });
      resolve({
        deadline: undefined,
        hear(frame) {
          // A far end that isn't there is a silent line, and Q.921 notices that.
          socket.send(frame, peer.port, peer.address, () => {});
        },
        wake() {},
        close: () => new Promise((closed) => socket.close(() => closed())),
      });
    });
  });
}
