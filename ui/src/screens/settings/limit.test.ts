import { page } from '../../dev/app';
import { mockBackend } from '../../dev/backend';
import { fireEvent, screen, waitFor } from '@testing-library/svelte';
import { expect, it } from 'vitest';

it('a slider that is brought back to where it was lets the number be what it is', async () => {
  const backend = mockBackend('settings', false);
  await page(backend, 'settings');
  await fireEvent.click(screen.getByTestId('limit-switch'));
  const slider = screen.getByTestId<HTMLInputElement>('limit-slider');
  const number = screen.getByTestId<HTMLInputElement>('limit-value');
  const before = number.value;
  slider.value = '90';
  await fireEvent.input(slider);
  await waitFor(() => expect(number.value).not.toBe(before));
  // No change is told of what did not change in the end.
  await fireEvent.pointerUp(slider);
  await waitFor(() => expect(number.value).toBe(before));
});
