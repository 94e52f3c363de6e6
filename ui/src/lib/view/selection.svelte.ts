/** Rows of one list that a person chose, with the platform's keys: by their places in the group, which never change. */
import { SvelteSet } from 'svelte/reactivity';

export class Selection {
  readonly places = new SvelteSet<number>();
  /** Where a stretch begins. */
  anchor = 0;

  get size(): number {
    return this.places.size;
  }

  has(place: number): boolean {
    return this.places.has(place);
  }

  /** This one alone. */
  only(place: number): void {
    if (this.places.size === 1 && this.places.has(place)) return;
    this.places.clear();
    this.places.add(place);
  }

  /** This one as well, or no longer. */
  toggle(place: number): void {
    if (!this.places.delete(place)) this.places.add(place);
  }

  /** These and no others. */
  set(places: Iterable<number>): void {
    this.places.clear();
    for (const place of places) this.places.add(place);
  }

  clear(): void {
    if (this.places.size > 0) this.places.clear();
  }

  /** As stretches: from, up to. */
  stretches(): [number, number][] {
    const sorted = [...this.places].sort((a, b) => a - b);
    const out: [number, number][] = [];
    for (const place of sorted) {
      const last = out.at(-1);
      if (last && last[1] === place) last[1] = place + 1;
      else out.push([place, place + 1]);
    }
    return out;
  }
}
