/** The hash functions that the pure rooms are handed. */
import { createHash, createHmac } from 'node:crypto';
import type { Hash } from '../../src/sip/digest/response.ts';

const NAMES = { MD5: 'md5', 'SHA-256': 'sha256', 'SHA-512-256': 'sha512-256' } as const;

export const hash: Hash = (name, octets) => createHash(NAMES[name]).update(octets).digest('hex');

export const sign = (octets: Uint8Array): string => createHmac('sha256', 'for tests').update(octets).digest('hex');
