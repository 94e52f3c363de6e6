/** What lies over the page (the palette, the keys, a question) and leaves when something in it is chosen. */
import { tick } from 'svelte';

/** It leaves first: what is done then takes the focus from where it was before, and gives it back there. */
export async function leaveFor(onclose: () => void, act: () => unknown): Promise<void> {
  onclose();
  await tick();
  void act();
}
