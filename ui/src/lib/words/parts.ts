/** The part strip: what its cells are, and the sentence that says the same. */
import type { FileView } from '../contract';

/** done, part-filled, still to do, being sent, failed and going again, there by content. */
export type Cell = { kind: 'done' | 'todo' | 'sending' | 'failed' | 'dedup' } | { kind: 'partial'; share: number };

/** Reads the cells of the contract: `0`..`9` = how much of it is done, `9` all; `s` sending, `f` failed, `d` there by content. */
export function cellsOf(cells: string): Cell[] {
  return [...cells].map((c): Cell => {
    if (c === 's') return { kind: 'sending' };
    if (c === 'f') return { kind: 'failed' };
    if (c === 'd') return { kind: 'dedup' };
    const share = Number(c) / 9;
    if (share === 1) return { kind: 'done' };
    return share > 0 ? { kind: 'partial', share } : { kind: 'todo' };
  });
}

/** How many cells are of a kind: all that the strip knows of parts that move or failed. */
export function cellCount(cells: string, kind: 's' | 'f'): number {
  return [...cells].filter((c) => c === kind).length;
}

/** Share of a file that is stored, 0 to 1. */
export function fractionOf(file: Pick<FileView, 'size' | 'bytes_done' | 'parts_done' | 'parts_total'>): number {
  if (file.size > 0) return file.bytes_done / file.size;
  return file.parts_total > 0 ? file.parts_done / file.parts_total : 0;
}
