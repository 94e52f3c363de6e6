/** A dialog above everything: it takes the focus, and gives it back to where it was. */
import type { Attachment } from 'svelte/attachments';

const FOCUSABLE = 'button:not([disabled]), input:not([disabled]), select:not([disabled]), [tabindex="0"]';

export const modal: Attachment<HTMLDialogElement> = (dialog) => {
  const before = document.activeElement;
  dialog.showModal();
  const wanted = dialog.querySelector<HTMLElement>('[data-autofocus]');
  if (wanted) wanted.focus();
  // What scrolls takes the focus for itself in some browsers; a person begins at what can be done.
  else if (document.activeElement?.matches('.content'))
    dialog.querySelector<HTMLElement>(`input[type='radio']:checked, ${FOCUSABLE}`)?.focus();
  return () => {
    dialog.close();
    if (before instanceof HTMLElement && before.isConnected) before.focus();
  };
};

/** Keeps Tab inside: a window without a browser around it has nowhere else to go. */
export function keepTab(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  if (event.key !== 'Tab') return;
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>(FOCUSABLE)].filter((e) => e.tabIndex >= 0);
  const end = event.shiftKey ? all[0] : all.at(-1);
  if (document.activeElement !== end) return;
  event.preventDefault();
  (event.shiftKey ? all.at(-1) : all[0])?.focus();
}
