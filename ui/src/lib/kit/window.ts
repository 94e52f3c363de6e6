/** Which rows of a long list are drawn, and where: all rows have one height. */

/** Browsers place nothing beyond some 30 million pixels; above this, scrolling is compressed. */
export const TALLEST = 12_000_000;

/** The keys that move in a list. */
export const STEPS = ['ArrowUp', 'ArrowDown', 'PageUp', 'PageDown', 'Home', 'End'] as const;
export type Step = (typeof STEPS)[number];

export interface ListWindow {
  /** First row drawn. */
  first: number;
  /** One past the last row drawn. */
  last: number;
  /** Where the first drawn row stands, in pixels from the top of the scrolled area. */
  offset: number;
  /** Height of the scrolled area. */
  height: number;
}

export interface ListPlace {
  /** How far it is scrolled. */
  scrollTop: number;
  /** Height that is seen. */
  view: number;
  rows: number;
  rowHeight: number;
  /** Rows drawn above and below what is seen. */
  over: number;
}

/** Pixels of the rows for one pixel of scrolling. */
function ratio({ view, rows, rowHeight }: Pick<ListPlace, 'view' | 'rows' | 'rowHeight'>): number {
  const real = rows * rowHeight;
  return real <= TALLEST || TALLEST <= view ? 1 : (real - view) / (TALLEST - view);
}

export function listWindow(place: ListPlace): ListWindow {
  const { view, rows, rowHeight, over } = place;
  const height = Math.min(rows * rowHeight, TALLEST);
  const scrollTop = Math.min(Math.max(0, place.scrollTop), Math.max(0, height - view));
  const scale = ratio(place);
  const top = scrollTop * scale;
  const first = Math.max(0, Math.floor(top / rowHeight) - over);
  const last = Math.min(rows, Math.ceil((top + view) / rowHeight) + over);
  const offset = scale === 1 ? first * rowHeight : scrollTop - (top - first * rowHeight);
  return { first, last, offset, height };
}

/** Where to scroll so that a row is seen whole; the place as it is when it is. */
export function scrollTo(row: number, place: ListPlace): number {
  const scale = ratio(place);
  const top = place.scrollTop * scale;
  const start = row * place.rowHeight;
  if (start < top) return start / scale;
  if (start + place.rowHeight > top + place.view) return (start + place.rowHeight - place.view) / scale;
  return place.scrollTop;
}
