import { sourceOf } from './source.ts';
import type { StreamLimits } from './words.ts';

/** What a place is given to: a socket. */
interface Holder {
  destroy(): void;
}

/** The places for connections that others open, shared out by source. */
export class Places {
  readonly #limits: Pick<StreamLimits, 'connections' | 'perSource'>;
  /** Who holds them, the oldest of a source first. */
  readonly #sources = new Map<string, Set<Holder>>();
  #taken = 0;

  constructor(limits: Pick<StreamLimits, 'connections' | 'perSource'>) {
    this.#limits = limits;
  }

  get taken(): number {
    return this.#taken;
  }

  /** False where there is no place for this address. */
  take(address: string, holder: Holder): boolean {
    const source = sourceOf(address);
    const held = this.#sources.get(source)?.size ?? 0;
    if (held >= this.#limits.perSource) return false;
    if (this.#taken >= this.#limits.connections && !this.#makePlace(held)) return false;
    this.#taken++;
    this.#sources.set(source, (this.#sources.get(source) ?? new Set()).add(holder));
    return true;
  }

  leave(address: string, holder: Holder): void {
    this.#free(sourceOf(address), holder);
  }

  #free(source: string, holder: Holder): void {
    const held = this.#sources.get(source);
    if (held?.delete(holder) !== true) return;
    this.#taken--;
    if (held.size === 0) this.#sources.delete(source);
  }

  /** All are taken: whoever holds most of them gives his oldest to a newcomer who holds fewer. */
  #makePlace(holds: number): boolean {
    let [most] = this.#sources;
    for (const entry of this.#sources) if (entry[1].size > (most?.[1].size ?? 0)) most = entry;
    if (most === undefined || most[1].size <= holds + 1) return false;
    const [oldest] = most[1];
    if (oldest === undefined) return false;
    this.#free(most[0], oldest);
    oldest.destroy();
    return true;
  }
}
