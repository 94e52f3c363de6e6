/** What a server does with what arrives: the second track. */
import type { GroupView, ProcessingView } from '$lib/contract';
import { rows } from './files';
import { fold } from './make';

const TRACKS: Record<string, ProcessingView> = {
  'interview-wide.wav': { word: 'running', error: null },
  'kodak-2383.cube': { word: 'done', error: null },
  'take-07.mov': { word: 'failed', error: { code: 'processing_failed', number: 'WL-406', detail: 'no audio track' } },
};
/** Made here, told by every list that folds causes. */
const UNPROCESSED = [fold('processing_failed', 'WL-406', 2, 'take-07.mov', 'extract_text: no audio track')];
export function atServer(all: readonly GroupView[]): GroupView[] {
  return all.map((g) =>
    g.id === 'g-autumn'
      ? {
          ...g,
          destination_id: 'd-server',
          destination_name: 'Studio server',
          processing: { waiting: 168, running: 12, done: 1102, failed: 2, errors: UNPROCESSED },
        }
      : g,
  );
}
export const processedRows = rows.map((row) =>
  row.name !== undefined && TRACKS[row.name]
    ? {
        ...row,
        state: 'done' as const,
        word: row.word === 'finishing' ? ('verified' as const) : (row.word ?? 'verified'),
        processing: TRACKS[row.name],
      }
    : row,
);
