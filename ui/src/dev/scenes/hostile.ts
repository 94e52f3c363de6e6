/** Names that want to be something else. */
import type { FileView, GroupView } from '$lib/contract';
import { counts, fold, group, MB } from './make';

const HOSTILE = 'invoice\u202efdp.exe';
export const hostile: Partial<FileView>[] = [
  { name: HOSTILE, size: 1000 },
  { name: 'line\nbreak\tand bell\u0007.txt', size: 0 },
  { name: `${'very-long-name-'.repeat(700)}end.tar.gz`, size: 5 * MB },
  { name: '<img src=x onerror=alert(1)>.html', folder: 'a/<b>bold</b>', size: 12 },
  { name: 'חוזה סופי.pdf', size: 4000 },
  { name: 'e\u0301\u0302\u0303\u0304 zalgo.txt', size: 4000 },
  { name: '👩‍👩‍👧‍👦 family.jpg', size: 4000 },
];

export const HOSTILE_GROUP: GroupView = group('g-hostile', HOSTILE + '\nsecond line', 'uploading', {
  files: counts({ total: hostile.length }),
  bytes_total: 10 * MB,
  bytes_done: 1 * MB,
  errors: [fold('name_invalid', 'WL-110', 1, HOSTILE, 'U+202E')],
});
