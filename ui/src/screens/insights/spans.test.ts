import { app, plain } from '../../dev/app';
import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';
import { de } from '$lib/words/de';
import { en } from '$lib/words/en';
import { stretch } from '$lib/words/stretch';
import { heldUp } from '../../dev/spans';

describe('what held uploads up', () => {
  it('is in the table under the chart with its reason and its time, also what held one group alone', async () => {
    await app('transfers', 'insights');
    const table = await screen.findByTestId('spans-table');
    const rows = within(table)
      .getAllByRole('rowheader')
      .map((row) => plain(row.textContent));
    expect(rows).toEqual([
      'Limit of the schedule, 25 MB/s, 5 h',
      'Paused by you (Harbour East day 2), 50 min',
      'Network lost, 12 min',
      'Studio NAS did not answer, 8 min',
    ]);
    expect(plain(screen.getByTestId('figure-again').textContent)).toContain('after 2 interruptions');
    expect(screen.getByRole('img', { name: /Held up 4 times/ })).toBeTruthy();
  });

  it('is summed by reason, the longest first', async () => {
    await app('transfers', 'insights');
    await screen.findByTestId('waited');
    const lines = screen.getAllByTestId('waited-for').map((line) => plain(line.textContent));
    expect(lines[0]).toBe('Schedule 31 h');
    expect(lines.map((line) => line.split(' ').at(-1))).toHaveLength(5);
  });

  it('stands with the group that it met, and the pause of the person with its end', async () => {
    await app('transfers', 'history');
    const proof = await screen.findByTestId('history-proof');
    await waitFor(() => expect(within(proof).getByText('Interruptions')).toBeTruthy());
    const of = (term: string) => plain(within(proof).getByText(term).nextElementSibling?.textContent);
    expect(of('Interruptions')).toMatch(/^1, network lost (.* )?\d\d:\d\d–\d\d:\d\d · 16 MB sent again$/);
    expect(of('Finished')).toMatch(/17 min 45 s, 2 min of it paused by you$/);
    await fireEvent.click(screen.getAllByTestId('history-entry')[1] as HTMLElement);
    await waitFor(() => expect(within(screen.getByTestId('history-proof')).queryByText('Interruptions')).toBeNull());
  });

  it('is told in both languages, each cause with a word', () => {
    for (const span of heldUp(24).spans) {
      expect(plain(en.spans.say(span))).not.toBe('');
      expect(plain(de.spans.say(span))).not.toBe(plain(en.spans.say(span)));
    }
    const [limit, , lost, silent] = heldUp(24).spans;
    expect(plain(en.spans.say(limit as never))).toMatch(/^Schedule, 25 MB\/s until /);
    expect(plain(en.spans.say(lost as never))).toBe('Network lost 12 min, went on by itself');
    expect(plain(en.spans.say({ ...(lost as object), open: true } as never))).toBe('Network lost 12 min');
    expect(plain(en.spans.say(silent as never))).toBe('Studio NAS did not answer for 8 min');
    expect(plain(de.spans.say(silent as never))).toBe('Studio NAS antwortete nicht, 8 min');
  });

  it('lasts so long', () => {
    const { lasted, range } = stretch('en-GB');
    expect([1000, 59_400, 59_600, 12 * 60_000, 3_599_999, 7_500_000, 31 * 3_600_000].map((ms) => plain(lasted(ms)))).toEqual([
      '1 s',
      '59 s',
      '1 min',
      '12 min',
      '1 h',
      '2 h 5 min',
      '31 h',
    ]);
    const at = new Date(2026, 10, 21, 9, 20).getTime();
    expect(range(at, at + 120_000, at)).toBe('09:20–09:22');
    expect(range(at, at + 120_000, at + 3 * 86_400_000)).toBe('21 Nov 09:20–09:22');
    expect(range(at, at + 86_400_000, at + 86_400_000)).toBe('21 Nov 09:20–09:20');
  });
});
