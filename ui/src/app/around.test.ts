import { app } from '../dev/app';
import type { SceneName } from '../dev/scenes';
import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';

async function settings(scene: SceneName) {
  const backend = await app(scene, 'settings');
  await screen.findByTestId('schedule-grid');
  return backend;
}
const card = (id: string) => within(document.querySelector(`[data-group="${id}"]`) as HTMLElement);
const text = (element: Element) => (element.textContent ?? '').replace(/\s+/g, ' ').trim();

// X-18, I-7
describe('why a group waits', () => {
  it('has the first reason as its headline, all of them under Why?, each with its way out', async () => {
    const backend = await app('held');
    const first = card('g-held-0');
    expect(first.getByTestId('reasons').dataset['reasons']).toBe('metered battery schedule');
    expect(first.getByText('Paused on a metered network (Phone hotspot).')).toBeTruthy();
    const why = first.getByTestId('reasons-why');
    expect(why.getAttribute('aria-expanded')).toBe('false');
    await fireEvent.click(why);
    expect(why.getAttribute('aria-expanded')).toBe('true');
    expect(first.getAllByRole('listitem').map(text)).toEqual([
      'Paused on battery at 18 %. Upload anywayChange level',
      expect.stringMatching(/^Waiting for the schedule: starts at 22:\d\d\. Start nowEdit schedule$/),
    ]);
    for (const button of first.getAllByTestId('way-anyway')) await fireEvent.click(button);
    await fireEvent.click(first.getByTestId('way-always'));
    expect(backend.calls).toEqual(
      expect.arrayContaining([
        'go_anyway group g-held-0 metered',
        'go_anyway group g-held-0 battery',
        'go_anyway group g-held-0 schedule',
        'trust_network',
      ]),
    );
  });
  it('lets the person go on, try a destination now, and take an anyway back', async () => {
    const backend = await app('held');
    await fireEvent.click(card('g-held-2').getByTestId('way-resume'));
    await fireEvent.click(card('g-held-3').getByTestId('way-try'));
    expect(text(card('g-held-4').getByTestId('passed'))).toContain('Uploads anyway: metered network');
    await fireEvent.click(card('g-held-4').getByTestId('not-anyway'));
    expect(backend.calls).toEqual(
      expect.arrayContaining(['set_intent group g-held-2 run', 'check_destination d-nas', 'not_anyway group g-held-4']),
    );
  });
  it('says what the destination answered, by its number, and leads to where it is mended', async () => {
    await app('held');
    const down = card('g-held-3');
    expect(down.getByText('Nothing takes connections at the address of “Studio NAS”. It is tried again by itself.')).toBeTruthy();
    expect(down.getByText('WL-204').title).toBe('Connection refused (os error 111)');
    const gone = card('g-held-5');
    expect(gone.getByText('The bucket does not exist or lies in another region.')).toBeTruthy();
    expect(gone.getByText('WL-305')).toBeTruthy();
    await fireEvent.click(gone.getByRole('button', { name: 'Edit the destination' }));
    expect(await screen.findByRole('dialog')).toBeTruthy();
    expect(screen.getByTestId('settings-destinations')).toBeTruthy();
  });
  it('leads to the page where it is changed', async () => {
    await app('held');
    await fireEvent.click(card('g-held-1').getByTestId('way-schedule'));
    await screen.findByTestId('schedule-grid');
    expect(screen.getByTestId('page-schedule').getAttribute('aria-current')).toBe('true');
  });
});

// I-5
describe('a metered network', () => {
  it('is asked about once, with three answers', async () => {
    const backend = await app('held');
    expect(text(screen.getByTestId('ask-metered'))).toContain('Bytes may cost money on this network (Phone hotspot). Upload here?');
    await fireEvent.click(screen.getByTestId('ask-anyway'));
    await fireEvent.click(screen.getByTestId('ask-always'));
    expect(backend.calls).toEqual(expect.arrayContaining(['go_anyway app metered', 'trust_network']));
    await fireEvent.click(screen.getByTestId('ask-wait'));
    await waitFor(() => expect(screen.queryByTestId('ask-metered')).toBeNull());
  });
  it('can be paused on, asked about or ignored, and a trusted one forgotten', async () => {
    const backend = await settings('network');
    expect(text(screen.getByTestId('network-now'))).toBe('Now: Phone hotspot, metered.');
    await fireEvent.click(within(screen.getByTestId('setting-metered')).getByText('Upload'));
    await fireEvent.click(screen.getByTestId('network-trust'));
    await fireEvent.click(screen.getByTestId('network-forget'));
    expect(backend.calls).toEqual(expect.arrayContaining(['set_setting metered ignore', 'trust_network', 'set_setting trusted_networks ']));
  });
});

// I-6, F-3, F-4
describe('power and notifications', () => {
  it('are chosen by level', async () => {
    const backend = await settings('network');
    expect(text(screen.getByTestId('power-now'))).toBe('On battery, 18 %.');
    await fireEvent.change(screen.getByTestId('setting-battery'), { target: { value: '30' } });
    await fireEvent.click(screen.getByTestId('setting-saver'));
    await fireEvent.click(within(screen.getByTestId('setting-notifications')).getByText('Quiet'));
    expect(text(screen.getByTestId('notify-about'))).toContain('a destination that is down for an hour');
    await fireEvent.click(within(screen.getByTestId('setting-watch-summary')).getByText('Each batch'));
    await fireEvent.click(screen.getByTestId('setting-sound'));
    expect(backend.calls).toEqual(
      expect.arrayContaining([
        'set_setting battery_below 30',
        'set_setting power_saver false',
        'set_setting notifications quiet',
        'set_setting watch_summary each',
        'set_setting notify_sound true',
      ]),
    );
  });
});

// I-2
describe('the grid of the week', () => {
  const hour = (place: number) => document.querySelector(`[data-hour="${place}"]`) as HTMLElement;
  const pens = () => [...document.querySelectorAll<HTMLElement>('[data-hour]')].map((cell) => cell.dataset['pen']).join('');

  it('is drawn with the keys alone: move, draw, draw on the way', async () => {
    await settings('settings');
    expect(document.querySelectorAll('[data-hour][tabindex="0"]')).toHaveLength(1);
    hour(0).focus();
    await fireEvent.keyDown(hour(0), { key: 'ArrowDown' });
    expect(document.activeElement).toBe(hour(24));
    await fireEvent.keyDown(hour(24), { key: ' ' });
    expect(hour(24).dataset['pen']).toBe('n');
    expect(hour(24).getAttribute('aria-label')).toBe('Tuesday 00:00, no uploads');
    await fireEvent.click(within(screen.getByTestId('schedule-pen')).getByText('Limited'));
    await fireEvent.keyDown(hour(24), { key: 'ArrowRight', shiftKey: true });
    await fireEvent.keyDown(hour(25), { key: 'ArrowRight', shiftKey: true });
    expect(pens().slice(24, 28)).toBe('lllf');
    await fireEvent.keyDown(hour(26), { key: 'End', ctrlKey: true });
    expect(document.activeElement).toBe(hour(167));
    expect(text(screen.getByTestId('schedule-words'))).toContain('Tue 00:00–03:00: limited');
  });
  it('is drawn with the pointer from one corner to the other, and emptied', async () => {
    const backend = await settings('settings');
    await fireEvent.pointerDown(hour(8), { button: 0 });
    await fireEvent.pointerUp(window);
    expect(hour(8).dataset['pen']).toBe('n');
    await fireEvent.click(screen.getByTestId('schedule-work'));
    expect(text(screen.getByTestId('schedule-words'))).toBe('Mon–Fri 08:00–18:00: no uploads');
    await fireEvent.click(screen.getByTestId('schedule-clear'));
    expect(text(screen.getByTestId('schedule-words'))).toBe('Every hour of the week is full.');
    expect(backend.calls.filter((c) => c.startsWith('set_setting schedule')).at(-1)).toBe('set_setting schedule null');
  });
});
