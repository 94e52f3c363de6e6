/**
 * The parts of the window between which F6 goes: the views, the rate, the head of a screen, its lists, and what is said in passing.
 *
 * They are found by what they are, so that a screen need not know of them. Each gets the focus back where it had it last.
 */

/** In the order of the page. */
const PANES = [
  '.side > .nav',
  '.side > .monitor',
  'main > .head',
  'main .pages',
  'main .body',
  'main .split > *',
  '.toast .said',
  '.notices .notice',
].join(', ');
/** Where the work of a screen is: its lists, in the order in which they are tried. */
const CONTENT = ['main .body', 'main .split > *', 'main > .head'];

const FOCUSABLE = 'button, input, select, textarea, a[href], summary, [tabindex]';
/** Where to begin: at what is chosen, or at the first of a list. */
const FIRST = ['[aria-current]', '[aria-selected=true]', '[role=row][tabindex="0"]', '[data-testid=group-toggle]'];

/** Where each had the focus last. */
const last = new WeakMap<Element, HTMLElement>();

const isSeen = (element: HTMLElement) => element.checkVisibility?.() ?? true;
const isOpen = (element: HTMLElement) => element.tabIndex >= 0 && !element.matches(':disabled') && isSeen(element);
const within = (pane: Element) => [...pane.querySelectorAll<HTMLElement>(FOCUSABLE), ...(pane.matches('[tabindex="0"]') ? [pane] : [])];

/** What of a part is to have the focus; null: nothing in it can. */
function target(pane: Element): HTMLElement | null {
  const before = last.get(pane);
  if (before && pane.contains(before) && isOpen(before)) return before;
  for (const wanted of FIRST) {
    const found = [...pane.querySelectorAll<HTMLElement>(wanted)].find(isOpen);
    if (found) return found;
  }
  return (within(pane) as HTMLElement[]).find(isOpen) ?? null;
}

/** Remembers where the focus was: for `focusin` of the window. */
export function remember(event: FocusEvent): void {
  if (!(event.target instanceof HTMLElement)) return;
  const pane = event.target.closest(PANES);
  if (pane) last.set(pane, event.target);
}

/** To the next part of the window, or to the one before; from the last to the first. */
export function toPane(step: 1 | -1): void {
  const panes = [...document.querySelectorAll(PANES)].map((pane) => ({ pane, to: target(pane) })).filter(({ to }) => to !== null);
  const here = document.activeElement?.closest(PANES);
  const at = panes.findIndex(({ pane }) => pane === here);
  const next = at < 0 ? (step > 0 ? 0 : panes.length - 1) : (at + step + panes.length) % panes.length;
  panes[next]?.to?.focus();
}

/** To the work of the screen that came. */
export function toContent(): void {
  for (const wanted of CONTENT) {
    for (const pane of document.querySelectorAll(wanted)) {
      const to = target(pane);
      if (to) return to.focus();
    }
  }
}
