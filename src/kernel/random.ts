/** Randomness as a value: the composition root hands in the system's, tests a seeded one. */
export interface Random {
  /** `n` octets, unpredictable to a peer. */
  bytes(n: number): Uint8Array;
}

/** Octets that are drawn from the system at once: one draw costs as much for a few as for thousands. */
const POOL = 4096;

/** Hands out the octets of `source` from a store. What was handed out is not kept. */
export function pooled(source: Random): Random {
  let pool: Uint8Array = new Uint8Array(0);
  let used = 0;
  return {
    bytes(n) {
      if (n > POOL) return source.bytes(n);
      if (used + n > pool.length) {
        pool = source.bytes(POOL);
        used = 0;
      }
      // Not `slice`: that of a Buffer is a view.
      const out = Uint8Array.from(pool.subarray(used, used + n));
      pool.fill(0, used, used + n);
      used += n;
      return out;
    },
  };
}

/** 2·n lower-case hex digits: branches, tags, Call-IDs, nonces. */
export function token(random: Random, n: number): string {
  let out = '';
  for (const b of random.bytes(n)) out += b.toString(16).padStart(2, '0');
  return out;
}

/** A seeded generator (mulberry32) for simulations and tests: same seed, same run. Not for secrets. */
export function seeded(seed: number): Random & { next(): number } {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return {
    next,
    bytes(n) {
      const out = new Uint8Array(n);
      for (let i = 0; i < n; i++) out[i] = Math.floor(next() * 256);
      return out;
    },
  };
}
