import type { IconName } from './icons';

/** One line of a menu. */
export interface MenuItem {
  word: string;
  icon?: IconName;
  danger?: boolean;
  /** One of several of which one holds. */
  checked?: boolean;
  disabled?: boolean;
  /** A line stands above it. */
  parted?: boolean;
  /** The key that does the same. */
  key?: string;
  testid?: string;
  onchoose: () => void;
}

/** A menu that opens at a place: of a row, by the second button or by Shift+F10. */
export interface OpenMenu {
  label: string;
  items: readonly MenuItem[];
  x: number;
  y: number;
  /** Where the focus goes back to. */
  from: HTMLElement | null;
}

/** A menu for an event on an element: at the pointer, or at the element where a key asked. */
export function menuAt(event: MouseEvent | KeyboardEvent, label: string, items: readonly MenuItem[], from: HTMLElement): OpenMenu {
  event.preventDefault();
  event.stopPropagation();
  if (event instanceof MouseEvent && (event.clientX !== 0 || event.clientY !== 0)) {
    return { label, items, x: event.clientX, y: event.clientY, from };
  }
  const box = from.getBoundingClientRect();
  return { label, items, x: box.left + Math.min(40, box.width / 2), y: box.top + box.height / 2, from };
}
