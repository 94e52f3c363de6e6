import type { GroupView } from '../contract';
import { NOW, sceneOf } from '../../dev/scenes';
import { describe, expect, it } from 'vitest';
import { defaultName, emptyForm, isComplete, newDestination } from '../destination/form';
import { causes, errorDetails } from './errors';
import { allHeld, foldedAway, groupFraction, passes } from './filter';
import { View } from './view.svelte';

const groups = sceneOf('failures').snapshot.groups;
const one = (id: string): GroupView => groups.find((g) => g.id === id) as GroupView;

describe('filters', () => {
  it('put each group where a person looks for it', () => {
    const shown = (filter: Parameters<typeof passes>[1]) => groups.filter((g) => passes(g, filter)).map((g) => g.id);
    expect(shown('moving')).toEqual(['g-stills', 'g-autumn']);
    expect(shown('attention')).toEqual(['g-inbox', 'g-stills', 'g-autumn']);
    expect(shown('finished')).toEqual(['g-board', 'g-lens']);
    expect(shown('all')).toHaveLength(groups.length);
  });
  it('know when nothing goes on by itself', () => {
    const waits = one('g-inbox');
    expect(waits.word).toBe('needs_you');
    expect(allHeld([waits, one('g-board')])).toBe(true);
    expect(allHeld([waits, { ...waits, word: 'paused' }, { ...waits, word: 'waiting', blocked_by: ['disk_missing'] }])).toBe(true);
    expect(allHeld([waits, { ...waits, word: 'waiting' }])).toBe(false);
    expect(allHeld(groups)).toBe(false);
    expect(allHeld([one('g-board')])).toBe(false);
  });
  it('fold ended groups away after a day, or when they are many', () => {
    expect(foldedAway(groups, NOW)).toEqual(new Set(['g-board', 'g-lens']));
    const fresh = Array.from({ length: 30 }, (_, i) => ({ ...one('g-board'), id: `g-${i}`, finished_at: NOW - i }));
    expect(foldedAway(fresh, NOW).size).toBe(10);
  });
  it('measure a group by bytes, and by files where there are none', () => {
    expect(groupFraction(one('g-stills'))).toBeCloseTo(0.15);
    expect(groupFraction({ ...one('g-stills'), bytes_total: 0 })).toBeCloseTo(120 / 800);
    expect(groupFraction({ ...one('g-board'), bytes_total: 0, files: { ...one('g-board').files, total: 0 } })).toBe(1);
  });
});

describe('causes', () => {
  //
  it('fold equal errors of all groups into one, most files first; what was not processed comes last', () => {
    const twice = [...groups, { ...one('g-stills'), id: 'g-more', destination_name: 'Elsewhere' }];
    const found = causes(twice);
    expect(found.map((c) => [c.code, c.files])).toEqual([
      ['storage_credentials', 214],
      ['still_locked', 3],
      ['read_error', 2],
      ['processing_failed', 2],
    ]);
    expect(found.map((c) => c.track)).toEqual(['upload', 'upload', 'upload', 'processing']);
    expect(found[2]?.groups.map((g) => g.id)).toEqual(['g-stills', 'g-more']);
    expect(found[2]?.destination).toBe('');
  });
  it('copy code, word, fact and time', () => {
    expect(errorDetails({ code: 'read_error', number: 'WL-109', detail: 'at 28.4 MB', files: 1 }, new Date(0))).toBe(
      'WL-109 read_error\nat 28.4 MB\nfiles: 1\n1970-01-01T00:00:00.000Z',
    );
  });
});

describe('a drag', () => {
  const message = { type: 'drag' as const, files: 3, folders: 0, bytes: 9, handle: null };
  it('follows the pointer from card to card and ends with the drop', () => {
    const view = new View();
    const hit = (x: number) => (x > 100 ? 'g-autumn' : null);
    view.follow({ ...message, phase: 'enter', x: 1, y: 1 }, hit);
    expect(view.drag).toMatchObject({ files: 3, over: null });
    view.follow({ ...message, phase: 'over', x: 200, y: 1 }, hit);
    expect(view.drag?.over).toBe('g-autumn');
    expect(view.follow({ ...message, phase: 'drop', x: 200, y: 1, handle: 5 }, hit)).toBe('g-autumn');
    expect(view.drag).toBeNull();
  });
  it('is undone at once when it leaves', () => {
    const view = new View();
    view.follow({ ...message, phase: 'enter', x: 1, y: 1 }, () => null);
    view.follow({ ...message, phase: 'leave', x: 0, y: 0 }, () => null);
    expect(view.drag).toBeNull();
  });
});

describe('a destination being filled in', () => {
  it('is named after its folder or bucket, never twice the same', () => {
    expect(defaultName(emptyForm('/mnt/studio/Uploads/'), [])).toBe('Uploads');
    expect(defaultName(emptyForm('C:\\Users\\ada\\Windlass'), ['Windlass', 'Windlass 2'])).toBe('Windlass 3');
    expect(defaultName({ ...emptyForm(''), kind: 's3', bucket: 'deliveries' }, [])).toBe('deliveries');
  });
  it('gives exactly one of folder and bucket', () => {
    const folder = newDestination(emptyForm(' /mnt/a '), [], true);
    const accepts = { max_bytes: null, refused_types: [], allowed_mime: null };
    expect(folder).toEqual({ proxy: null, name: 'a', folder: '/mnt/a', s3: null, server: null, make_default: true, accepts });
    const form = {
      ...emptyForm('/mnt/a'),
      kind: 's3' as const,
      endpoint: 'https://s3.example.com',
      bucket: 'b',
      accessKey: 'k',
      secretKey: ' s ',
    };
    const s3 = newDestination(form, [], false);
    expect(s3.folder).toBeNull();
    expect(s3.s3).toMatchObject({ bucket: 'b', region: 'us-east-1', secret_key: ' s ', keep_secret: 'keyring' });
    expect(isComplete(form)).toBe(true);
    expect(isComplete({ ...form, secretKey: '' })).toBe(false);
  });
});
