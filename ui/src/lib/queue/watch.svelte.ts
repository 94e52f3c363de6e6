/**
 * The rows that lists on screen look at, and no others.
 *
 * Each open list says its range; a moment later all ranges go to the program in one call, which answers with the rows
 * and from then on sends their changes. A group of 100,000 files costs the page some sixty rows.
 */
import type { FilePage, FileView, Find, GroupId } from '../contract';
import type { RowRange } from '../ipc/backend';
import { placeRows, replaceRows, type Rows } from './reduce';

/** Rows around the visible ones, so that a short scroll shows no gap. */
const MARGIN = 24;
/** Ranges move in steps, so that not every scrolled row is a call. */
const STEP = 12;
/** A list that moved is asked for after this many milliseconds. */
const PAUSE = 30;
/** What only may be out of date is asked for after this many. */
const LATER = 250;
/** A search whose files changed is made again after this many. */
const SEARCH_AGAIN = 1000;

class GroupRows {
  /** By place: in the group, or in what a search found. */
  rows = $state.raw<Rows>(new Map());
  /** How many a search found; null where nothing is searched for. */
  total = $state<number | null>(null);
  find: Find | null = null;
  from = 0;
  to = 0;
}

export class RowWatch {
  readonly #groups = new Map<GroupId, GroupRows>();
  readonly #call: (ranges: RowRange[]) => Promise<FilePage[]>;
  readonly #onerror: (error: unknown) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #due = 0;
  #asked = 0;
  /** Rows that a delta brought while a call was out: they are newer than its answer may be. */
  #during: Map<string, FileView> | undefined;

  constructor(call: (ranges: RowRange[]) => Promise<FilePage[]>, onerror: (error: unknown) => void) {
    this.#call = call;
    this.#onerror = onerror;
  }

  /** Starts to hold rows of a group. */
  open(group: GroupId): GroupRows {
    const rows = this.#groups.get(group) ?? new GroupRows();
    this.#groups.set(group, rows);
    return rows;
  }

  /** The rows `first..last` of a group are on screen now. */
  look(group: GroupId, first: number, last: number): void {
    const held = this.#groups.get(group);
    if (!held) return;
    const from = Math.max(0, Math.floor((first - MARGIN) / STEP) * STEP);
    const to = Math.ceil((last + MARGIN) / STEP) * STEP;
    if (from === held.from && to === held.to) return;
    held.from = from;
    held.to = to;
    this.#soon();
  }

  /** Only what this finds is shown from now on; null: everything. */
  search(group: GroupId, find: Find | null): void {
    const held = this.#groups.get(group);
    if (!held || JSON.stringify(held.find) === JSON.stringify(find)) return;
    held.find = find;
    held.rows = new Map();
    if (find === null) held.total = null;
    held.from = 0;
    held.to = Math.max(held.to - held.from, MARGIN + STEP);
    this.#soon();
  }

  /** The list was folded or is gone. */
  close(group: GroupId): void {
    if (this.#groups.delete(group)) this.#soon();
  }

  /** Asks for everything again: after a new snapshot, or when a group's files changed place. */
  again(): void {
    if (this.#groups.size > 0) this.#soon(LATER);
  }

  /** Rows of a delta: each list is touched once, however many they are. */
  changed(files: readonly FileView[]): void {
    let stale = false;
    for (const file of files) this.#during?.set(file.id, file);
    for (const [group, held] of this.#groups) {
      const rows = files.filter((file) => file.group_id === group);
      if (rows.length === 0) continue;
      if (held.find === null) held.rows = placeRows(held.rows, rows, held);
      else {
        held.rows = replaceRows(held.rows, rows);
        stale ||= held.find.kind !== 'all';
      }
    }
    // What a file has become may put it into a list or take it out.
    if (stale) this.#soon(SEARCH_AGAIN);
  }

  #soon(after = PAUSE): void {
    // A scroll that goes on postpones nothing: a pending call stays unless the new one is to come earlier.
    const due = performance.now() + after;
    if (this.#timer !== undefined && this.#due <= due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#ask();
    }, after);
  }

  async #ask(): Promise<void> {
    const mine = ++this.#asked;
    const during = (this.#during = new Map());
    const ranges = [...this.#groups].map(([group, { from, to, find }]) => ({ group, offset: from, limit: to - from, find }));
    const asked = new Map(ranges.map((r) => [r.group, r.find]));
    try {
      const pages = await this.#call(ranges);
      if (mine !== this.#asked) return;
      this.#during = undefined;
      let crossed = false;
      for (const page of pages) {
        const held = this.#groups.get(page.group_id);
        // A search that changed meanwhile asks by itself.
        if (!held || held.find !== asked.get(page.group_id)) continue;
        const files = page.files.map((f) => during.get(f.id) ?? f);
        crossed ||= files.some((f, i) => f !== page.files[i]);
        const gone = new Map([...held.rows].filter(([p]) => p < page.offset || p >= page.offset + page.files.length));
        if (held.find === null) held.rows = placeRows(gone, files, held);
        else {
          held.total = page.total;
          held.rows = new Map(files.map((f, i) => [page.offset + i, f]));
        }
      }
      // A delta crossed the answer, and neither says which is newer: the next answer settles it.
      if (crossed) this.again();
    } catch (error) {
      if (mine === this.#asked) this.#during = undefined;
      this.#onerror(error);
    }
  }
}

export type { GroupRows };
