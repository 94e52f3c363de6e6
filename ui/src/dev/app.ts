/** For tests: the whole page on the stand-in. */
import type { Backend } from '$lib/ipc/backend';
import type { Screen } from '$lib/view/view.svelte';
import { fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import { expect } from 'vitest';
import App from '../app/App.svelte';
import { mockBackend } from './backend';
import type { SceneName } from './scenes';

/** The page before a program, on one of its screens. */
export async function page<Of extends Backend>(backend: Of, at?: Screen): Promise<Of> {
  render(App, { backend });
  await screen.findByTestId('app-ready');
  if (at) await fireEvent.click(screen.getByTestId(`nav-${at}`));
  return backend;
}
/** The page on a scene in which nothing moves by itself. */
export const app = (scene: SceneName = 'transfers', at?: Screen) => page(mockBackend(scene, false), at);

/** The rows of the first group, by their numbers. */
export async function rows(): Promise<(index: number) => HTMLElement> {
  await fireEvent.click(screen.getAllByTestId('group-toggle')[0] as HTMLElement);
  await waitFor(() => expect(screen.getAllByTestId('file-row').length).toBeGreaterThan(8));
  return (index) => document.querySelector(`[data-index="${index}"]`) as HTMLElement;
}

/** What a person reads: each stretch of spaces, also of those that do not break, is one space. */
export const plain = (of: Node | string | null | undefined): string =>
  ((typeof of === 'string' ? of : of?.textContent) ?? '').replaceAll(/[\u00a0\s]+/g, ' ').trim();
