import type { ErrorCode, FileView, GroupView } from '../contract';
import { sceneOf } from '../../dev/scenes';
import { describe, expect, it } from 'vitest';
import { de } from './de';
import { en } from './en';
import { formats, timeLeft } from './format';
import { choose } from './language.svelte';
import { kindOf, middleCut, plainName, splitName, visible } from './name';
import { cellsOf, fractionOf } from './parts';
import { sayBlocked, sayCaption, sayError, sayFileValue, sayGroupValue, sayHeld, sayParts, sayWhy } from './say';

const plain = (text: string) => text.replaceAll('\u00a0', ' ');
const group = (id: string, scene: Parameters<typeof sceneOf>[0] = 'transfers'): GroupView =>
  sceneOf(scene).snapshot.groups.find((g) => g.id === id) as GroupView;
const row = (position: number): FileView => sceneOf('transfers').files.get('g-autumn')?.(position) as FileView;

describe('figures', () => {
  const f = formats('en-GB');
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [12_400, '12 kB'],
    [1_200_000, '1.2 MB'],
    [212_000_000, '212 MB'],
    [18_600_000_000, '18.6 GB'],
    [999_950_000, '1.0 GB'],
    [3.4e12, '3.4 TB'],
  ])('tells %d bytes as %s', (bytes, text) => {
    expect(plain(f.bytes(bytes))).toBe(text);
  });
  it('tells two sizes in the unit of the whole', () => {
    expect(plain(f.bytesOf(41.3e9, 62e9, 'of'))).toBe('41.3 of 62.0 GB');
    expect(plain(f.bytesOf(0, 0, 'of'))).toBe('0 of 0 B');
  });
  it('never tells more percent than are done', () => {
    expect(plain(f.percent(0.999))).toBe('99 %');
    expect(plain(f.percent(1))).toBe('100 %');
    expect(plain(f.percent(0.29))).toBe('29 %');
    expect(plain(f.percent(7))).toBe('100 %');
  });
  it.each([
    [59 * 60_000, '59 minutes ago', 'vor 59 Minuten'],
    [60 * 60_000, '1 hour ago', 'vor 1 Stunde'],
    [47.9 * 3600_000, '47 hours ago', 'vor 47 Stunden'],
    [8 * 24 * 3600_000, '8 days ago', 'vor 8 Tagen'],
  ])('tells %d ms ago as %s', (ms, english, german) => {
    expect([f.ago(ms), formats('de-DE').ago(ms)]).toEqual([english, german]);
  });
  it('tells rates with one digit after the point', () => {
    expect(plain(f.rate(62.4e6))).toBe('62.4 MB/s');
    expect(plain(f.rate(0))).toBe('0 MB/s');
    expect(plain(f.rate(800))).toBe('0.8 kB/s');
    expect(plain(formats('de-DE').rate(62.4e6))).toBe('62,4 MB/s');
    const { unit, say } = f.rateScale(104e6);
    expect([unit, ...[0, 40e6, 120e6].map(say)]).toEqual(['MB/s', '0', '40', '120']);
  });
});

describe('time left', () => {
  const now = new Date(2026, 10, 21, 14, 0).getTime();
  it.each([
    [20, 50, 'under 1 min'],
    [310, 405, '5–7 min'],
    [3000, 3300, '50–55 min'],
    [9 * 3600, 11 * 3600, 'about 9–11 h'],
    [600, 9000, 'over 10 min'],
    [26 * 3600, 30 * 3600, 'until Sun 16:00–20:00'],
  ])('%d to %d seconds is %s', (low_s, high_s, text) => {
    expect(plain(en.eta({ low_s, high_s }, now)).replace(', ', ' ')).toBe(text);
  });
  it('is never told in seconds', () => {
    for (let high = 1; high < 200_000; high = Math.ceil(high * 1.3)) {
      expect(timeLeft({ low_s: high / 2, high_s: high }).kind).not.toBe('seconds');
      expect(en.eta({ low_s: Math.floor(high / 2), high_s: high }, now)).not.toMatch(/\bs\b|NaN/);
    }
  });
});

describe('names (A08)', () => {
  it('shows what turns the reading order, breaks lines or is not seen', () => {
    expect(visible('invoice\u202efdp.exe')).toBe('invoice⟨202E⟩fdp.exe');
    expect(visible('a\nb\u0000c\u200bd\ufeff')).toBe('a⟨0A⟩b⟨00⟩c⟨200B⟩d⟨FEFF⟩');
    expect(visible('lone \ud800 half')).toBe('lone ⟨D800⟩ half');
    expect(visible('tag\u{e0041}')).toBe('tag⟨E0041⟩');
  });
  it('leaves writing as it is, with its joiners', () => {
    for (const name of ['Übersicht 2026.pdf', 'חוזה סופי.pdf', '👩‍👩‍👧‍👦 family.jpg', 'می‌خواهم.txt', '契約.docx'])
      expect(visible(name)).toBe(name);
    expect(visible('a\u200d.txt')).toBe('a⟨200D⟩.txt');
  });
  it('cuts in the middle and keeps the extension', () => {
    const long = `${'x'.repeat(9996)}.mov`;
    const { head, tail } = splitName(long);
    expect(tail).toBe('xxxxx.mov');
    expect((head + tail).length).toBeLessThan(200);
    expect(middleCut('short.txt')).toBe('short.txt');
    expect(middleCut(long, 40)).toMatch(/^x+…x+\.mov$/);
    expect([...middleCut(long, 40)]).toHaveLength(40);
  });
  it('tells names apart that differ before the extension', () => {
    expect(splitName('A003_C012_1104.mov')).toEqual({ head: 'A003_C012', tail: '_1104.mov' });
    expect(splitName('take-07.mov')).toEqual({ head: 'take-07.mov', tail: '' });
  });
  it('never cuts a letter from its marks', () => {
    const zalgo = `${'e\u0301\u0302'.repeat(300)}.txt`;
    const { head, tail } = splitName(zalgo);
    expect(head.startsWith('e\u0301\u0302')).toBe(true);
    expect(tail).toMatch(/^(e\u0301\u0302){5}\.txt$/);
  });
  it('makes one line of a name in a sentence', () => {
    expect(plainName('a\nb'.repeat(90))).not.toMatch(/\n/);
    expect(en.group.cancelTitle('x\u202e\ny')).toBe('Cancel “x⟨202E⟩⟨0A⟩y”?');
  });
  it('knows films, sounds and pictures by their extension', () => {
    expect(['a.MOV', 'b.wav', 'c.ARW', 'd', 'e.pdf'].map(kindOf)).toEqual(['film', 'audio', 'image', 'file', 'file']);
  });
});

describe('the part strip', () => {
  it('reads every cell of the contract', () => {
    expect(cellsOf('90s5fd')).toEqual([
      { kind: 'done' },
      { kind: 'todo' },
      { kind: 'sending' },
      { kind: 'partial', share: 5 / 9 },
      { kind: 'failed' },
      { kind: 'dedup' },
    ]);
  });
  it('is one sentence for a screen reader', () => {
    expect(sayParts(en, row(0))).toBe('1,352 of 2,217 parts done, sending now, none failed');
    expect(sayParts(en, row(1))).toBe('18 of 26 parts done, sending now, some failed');
    expect(sayParts(en, row(3))).toBe('Same content is already there, nothing to send');
    expect(sayParts(de, row(0))).toBe('1.352 von 2.217 Teile fertig, gerade unterwegs, keine Fehler');
  });
  it('has a caption that names a part that goes again', () => {
    expect(sayCaption(en, row(0))).toBe('1,352 / 2,217');
    expect(sayCaption(en, row(1))).toBe('1 part again');
    expect(sayCaption(en, row(5))).toBe('3 / 8');
    expect(sayCaption(en, row(3))).toBe('same content');
  });
  it('counts by bytes, and by parts where there are none', () => {
    expect(fractionOf({ size: 100, bytes_done: 25, parts_done: 0, parts_total: 4 })).toBe(0.25);
    expect(fractionOf({ size: 0, bytes_done: 0, parts_done: 1, parts_total: 1 })).toBe(1);
  });
});

describe('sentences', () => {
  it('gives every error a title, a cause and a next step, in both languages', () => {
    for (const w of [en, de]) {
      for (const code of Object.keys(en.errors) as ErrorCode[]) {
        const said = sayError(w, code, { example: 'plan.pdf', count: 3, destination: 'Studio NAS' });
        expect(said.title, code).not.toBe('');
        expect(said.cause, code).toMatch(/\.$/);
        expect(said.step, code).toMatch(/\.$/);
        expect(`${said.title}${said.short}${said.cause}${said.step}`, code).not.toMatch(/[{}!]|undefined/);
      }
    }
    expect(Object.keys(de.errors).sort()).toEqual(Object.keys(en.errors).sort());
  });
  it('fills in the file, how many more, and the destination', () => {
    const said = sayError(en, 'too_large', { example: 'a$&.mov', count: 4, destination: 'Studio NAS' });
    expect(said.cause).toBe('Larger than “Studio NAS” allows: “a$&.mov” and 3 others.');
    expect(sayError(en, 'storage_full', { example: '', count: 1, destination: '' }).cause).toBe('The destination has no room left.');
  });
  it('says of a destination that holds a group what it answered, and what to do where no button says it', () => {
    const held = (code: ErrorCode) => ({ because: { code, number: 'WL-306', detail: '' }, destination_name: 'NAS' });
    expect(sayHeld(en, held('storage_full'), 'storage_full')).toEqual({
      long: '“NAS” has no room left. Make room there; it goes on by itself.',
      number: 'WL-306',
    });
    expect(sayHeld(en, held('storage_credentials'), 'signed_out').long).toBe('“NAS” does not accept the stored key.');
    expect(sayHeld(en, held('storage_full'), 'user').long).toBe('Paused by you.');
  });
  // F17, §7
  it('names the disk that is not connected where its name is known', () => {
    const of = { destination_name: 'NAS' };
    expect(sayHeld(en, of, 'disk_missing').long).toBe('The disk of the files is not connected. Nothing is lost.');
    expect(sayHeld(en, { ...of, disk: 'CARD_A' }, 'disk_missing').long).toBe('Disk “CARD_A” is not connected. Nothing is lost.');
    expect(sayHeld(de, { ...of, disk: 'CARD_A' }, 'disk_missing').long).toBe(
      'Der Datenträger „CARD_A“ ist nicht angeschlossen. Nichts ist verloren.',
    );
  });
  it('still shows an error and a reason that it does not know', () => {
    expect(sayError(en, 'brand_new' as ErrorCode, { example: '', count: 2, destination: '' }).title).toBe('brand new');
    expect(sayBlocked(en, 'on_battery' as never).short).toBe('on battery');
  });
  it('says why a group stands still, first things first', () => {
    expect(sayWhy(en, group('g-norrland'))?.short).toBe('Paused by you');
    expect(sayWhy(en, { ...group('g-norrland'), blocked_by: ['user', 'offline'] })?.long).toBe(
      'Paused by you. Offline. Goes on by itself when the network is back.',
    );
    expect(sayWhy(en, group('g-autumn'))).toBeNull();
    expect(sayWhy(en, group('g-inbox', 'failures'))?.short).toBe('217 files');
  });
  it('adds how far, or why, to a word', () => {
    expect(plain(sayFileValue(en, row(0), fractionOf(row(0))))).toBe('61 %');
    expect(sayFileValue(en, row(5), 0.4)).toBe('disk read');
    expect(sayFileValue(en, row(12), 0)).toBe('in use');
    expect(sayGroupValue(en, { ...group('g-board'), word: 'done_left_out', files: { ...group('g-board').files, rejected: 3 } })).toBe(
      '3 left out',
    );
    expect(sayGroupValue(en, group('g-stills', 'failures'))).toBe('1 needs you');
  });
  it('has the same words in German, none of them empty', () => {
    const walk = (a: unknown, b: unknown, path: string): void => {
      expect(typeof b, path).toBe(typeof a);
      if (typeof a === 'string') expect(b, path).not.toBe('');
      if (typeof a === 'object' && a !== null) for (const key of Object.keys(a)) walk(a[key as never], (b as never)[key], `${path}.${key}`);
    };
    walk(en, de, 'words');
  });
  it('has an ellipsis where words go on, never three dots', () => {
    const sources = import.meta.glob<string>(['./*.ts', '!./*.test.ts'], { query: '?raw', import: 'default', eager: true });
    expect(Object.keys(sources)).toContain('./desk.de.ts');
    // Three dots before a name are code.
    for (const [file, source] of Object.entries(sources)) expect(source.match(/.*\.\.\.(?![\w([{]).*/g) ?? [], file).toEqual([]);
  });
  it('speaks the chosen language, else that of the system', () => {
    expect(choose('de', ['en-GB']).lang).toBe('de');
    expect(choose('system', ['fr-FR', 'de-AT']).lang).toBe('de');
    expect(choose(undefined, ['fr-FR']).lang).toBe('en');
  });
});
