import { app, plain } from '../../dev/app';
import { screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';

const card = (id: string) => within(document.querySelector(`[data-destination="${id}"]`) as HTMLElement);

describe('a destination', () => {
  it('tells its room where somebody knows it, and since when it fails', async () => {
    await app('insights-all', 'settings');
    await waitFor(() => expect(screen.getAllByTestId('dest-room')).toHaveLength(2));
    expect(plain(card('d-nas').getByTestId('dest-room').textContent)).toMatch(/^2\.1\d* TB free of 8(\.\d+)? TB$/);
    expect(plain(card('d-server').getByTestId('dest-room').textContent)).toMatch(/^38\.2 GB left of your 100 GB$/);
    // Of a bucket nobody tells.
    expect(card('d-s3').queryByTestId('dest-room')).toBeNull();
    expect(plain(document.querySelector('[data-destination="d-s3"] .pill')?.textContent)).toMatch(/since .*\d\d:\d\d$/);
  });
});
