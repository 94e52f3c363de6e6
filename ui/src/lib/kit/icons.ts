/** Our own drawings: lines on a 16 grid for actions, filled signs on a 14 grid for states. Data only. */

export const ICONS = {
  audio: 'M3 6.5v3M5.5 4.5v7M8 2.8v10.4M10.5 5v6M13 6.8v2.4',
  bucket: 'M2.7 4.2a5.3 1.9 0 0 1 10.6 0a5.3 1.9 0 0 1-10.6 0l1.5 8c.2.9 1.8 1.6 3.8 1.6s3.6-.7 3.8-1.6l1.5-8',
  chart: 'M2.8 13.2V9.5M6.3 13.2V5.8M9.8 13.2V8M13.2 13.2V2.8',
  clock: 'M13.4 8A5.4 5.4 0 1 1 2.6 8a5.4 5.4 0 0 1 10.8 0zM8 5v3.2l2.1 1.3',
  copy: 'M5.5 5.5V4A1.5 1.5 0 0 1 7 2.5h5A1.5 1.5 0 0 1 13.5 4v5a1.5 1.5 0 0 1-1.5 1.5h-1.5M4 5.5h5A1.5 1.5 0 0 1 10.5 7v5A1.5 1.5 0 0 1 9 13.5H4A1.5 1.5 0 0 1 2.5 12V7A1.5 1.5 0 0 1 4 5.5z',
  down: 'm3.8 6 4.2 4.2L12.2 6',
  drive:
    'M2.2 9.5 4 4.2A1.5 1.5 0 0 1 5.4 3.2h5.2A1.5 1.5 0 0 1 12 4.2l1.8 5.3M3.2 9.2h9.6a1.2 1.2 0 0 1 1.2 1.2v1.4a1.2 1.2 0 0 1-1.2 1.2H3.2a1.2 1.2 0 0 1-1.2-1.2v-1.4a1.2 1.2 0 0 1 1.2-1.2zM11 11.1h.5',
  external: 'M6.5 3.5H4A1.5 1.5 0 0 0 2.5 5v7A1.5 1.5 0 0 0 4 13.5h7a1.5 1.5 0 0 0 1.5-1.5V9.5M9.5 2.5h4v4M13.2 2.8 7.5 8.5',
  file: 'M9 2H5a1.5 1.5 0 0 0-1.5 1.5v9A1.5 1.5 0 0 0 5 14h6a1.5 1.5 0 0 0 1.5-1.5V5.5zM9 2v3.5h3.5',
  film: 'M3.5 3.2h9A1.5 1.5 0 0 1 14 4.7v6.6a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 2 11.3V4.7a1.5 1.5 0 0 1 1.5-1.5zM5 3.2v9.6M11 3.2v9.6M2 8h3M11 8h3',
  folder: 'M2 11.4V4.6a1.4 1.4 0 0 1 1.4-1.4h2.8l1.4 1.6h5A1.4 1.4 0 0 1 14 6.2v5.2a1.4 1.4 0 0 1-1.4 1.4H3.4A1.4 1.4 0 0 1 2 11.4z',
  grip: 'M6 3.6h.2M9.8 3.6h.2M6 8h.2M9.8 8h.2M6 12.4h.2M9.8 12.4h.2',
  history: 'M2.6 8a5.4 5.4 0 1 0 1.7-3.9L2.6 5.7M2.6 2.6v3.1h3.1M8 5.2v3l2 1.2',
  image:
    'M3.5 3h9A1.5 1.5 0 0 1 14 4.5v7a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 2 11.5v-7A1.5 1.5 0 0 1 3.5 3zM6.6 6.3a1 1 0 0 1-2 0a1 1 0 0 1 2 0M2.4 11.8l3.3-3 2.3 2 2.6-2.8 3.2 3.4',
  more: 'M3.4 8h.2M7.9 8h.2M12.4 8h.2',
  pause: 'M5.8 4v8M10.2 4v8',
  pencil: 'm10.7 3 2.3 2.3-7.5 7.5-3 .7.7-3zM9.2 4.5l2.3 2.3',
  play: 'M5.5 3.8 12 8l-6.5 4.2z',
  plus: 'M8 3.2v9.6M3.2 8h9.6',
  receipt: 'M3.5 13.8V2.9l1.5 1 1.5-1 1.5 1 1.5-1 1.5 1 1.5-1v10.9l-1.5-1-1.5 1-1.5-1-1.5 1-1.5-1zM6 6.7h4M6 9.5h4',
  retry: 'M13.4 8a5.4 5.4 0 1 1-1.7-3.9l1.7 1.6M13.4 2.6v3.1h-3.1',
  right: 'm6 3.8 4.2 4.2L6 12.2',
  search: 'M11.2 6.8a4.4 4.4 0 1 1-8.8 0a4.4 4.4 0 0 1 8.8 0zM10.1 10.1l3.5 3.5',
  server:
    'M3.8 2.8h8.4a1.3 1.3 0 0 1 1.3 1.3v2a1.3 1.3 0 0 1-1.3 1.3H3.8a1.3 1.3 0 0 1-1.3-1.3v-2a1.3 1.3 0 0 1 1.3-1.3zM3.8 8.8h8.4a1.3 1.3 0 0 1 1.3 1.3v1.8a1.3 1.3 0 0 1-1.3 1.3H3.8a1.3 1.3 0 0 1-1.3-1.3v-1.8a1.3 1.3 0 0 1 1.3-1.3zM5 5.1h.4M5 11h.4',
  settings:
    'M2.5 5h5.5M12 5h1.5M2.5 11H4M8 11h5.5M11.9 5a1.9 1.9 0 0 1-3.8 0a1.9 1.9 0 0 1 3.8 0M7.9 11a1.9 1.9 0 0 1-3.8 0a1.9 1.9 0 0 1 3.8 0',
  top: 'M3.5 3h9M8 13.2V6M4.9 8.9 8 5.8l3.1 3.1',
  transfers: 'M8 10V2.5M5 5.3 8 2.3l3 3M2.5 10v2A1.5 1.5 0 0 0 4 13.5h8a1.5 1.5 0 0 0 1.5-1.5v-2',
  undo: 'M6 3.2 2.8 6.4 6 9.6M2.8 6.4h6.4a3.6 3.6 0 0 1 0 7.2H6',
  trash:
    'M2.8 4.3h10.4M6.3 4.3V3a.8.8 0 0 1 .8-.8h1.8a.8.8 0 0 1 .8.8v1.3M4 4.3l.6 8.2a1.3 1.3 0 0 0 1.3 1.2h4.2a1.3 1.3 0 0 0 1.3-1.2l.6-8.2',
  updown: 'm5.3 6 2.7-2.7L10.7 6M5.3 10 8 12.7 10.7 10',
  watched:
    'M2 11.4V4.6a1.4 1.4 0 0 1 1.4-1.4h2.8l1.4 1.6h5A1.4 1.4 0 0 1 14 6.2v5.2a1.4 1.4 0 0 1-1.4 1.4H3.4A1.4 1.4 0 0 1 2 11.4zM4.6 8.9c1.9-2.6 4.9-2.6 6.8 0-1.9 2.4-4.9 2.4-6.8 0zM8 8.4v.9',
  x: 'm4 4 8 8M12 4l-8 8',
} as const;

export type IconName = keyof typeof ICONS;

/** Drawn with a thicker line, or filled. */
export const ICON_WEIGHT: Partial<Record<IconName, 'thick' | 'dots' | 'full'>> = {
  pause: 'thick',
  more: 'dots',
  grip: 'dots',
  play: 'full',
};

const disc = 'M13.2 7A6.2 6.2 0 0 1 .8 7a6.2 6.2 0 0 1 12.4 0z';
const square = 'M3.8 1h6.4A2.8 2.8 0 0 1 13 3.8v6.4a2.8 2.8 0 0 1-2.8 2.8H3.8A2.8 2.8 0 0 1 1 10.2V3.8A2.8 2.8 0 0 1 3.8 1z';
const ring = 'M12.4 7A5.4 5.4 0 0 1 1.6 7a5.4 5.4 0 0 1 10.8 0z';

/** A sign: filled shape, lines in its colour, lines cut out of it. */
export interface Sign {
  fill?: string;
  line?: string;
  dashed?: string;
  cut?: string;
}

export const SIGNS = {
  attention: { fill: 'M7 .9 13.5 12.3a.8.8 0 0 1-.7 1.2H1.2a.8.8 0 0 1-.7-1.2z', cut: 'M7 5v3.6M7 11.1v.01' },
  cancelled: { line: `${ring}M4.7 7h4.6` },
  cleaning: { line: `${ring}M4.3 7h.01M7 7h.01M9.7 7h.01` },
  dedup: { fill: disc, cut: 'M4.5 5.6h5M4.5 8.4h5' },
  unchanged: { line: `${ring}M4.7 5.7h4.6M4.7 8.3h4.6` },
  failed: { fill: 'M4.3.7h5.4l3.6 3.6v5.4l-3.6 3.6H4.3L.7 9.7V4.3z', cut: 'm4.9 4.9 4.2 4.2M9.1 4.9 4.9 9.1' },
  finishing: { line: `${ring}M4.5 7.2l1.8 1.8 3.2-3.6` },
  interrupted: { line: 'M11.9 4.4A5.4 5.4 0 0 0 2 5M2.1 9.6A5.4 5.4 0 0 0 12 9M4.5 7h1.3M8.2 7h1.3' },
  left_out: { fill: disc, cut: 'm4.4 5.6 1.8 1.8 3.3-3.6M4.7 10.2h4.6' },
  paused: { fill: disc, cut: 'M5.3 4.7v4.6M8.7 4.7v4.6' },
  pending: { dashed: ring },
  // What a server does with a file has square signs: it is another track than the upload.
  process_waits: { dashed: 'M4 1.8h6A2.2 2.2 0 0 1 12.2 4v6a2.2 2.2 0 0 1-2.2 2.2H4A2.2 2.2 0 0 1 1.8 10V4A2.2 2.2 0 0 1 4 1.8z' },
  process_runs: { fill: square, cut: 'M4.3 4.5 6.6 7 4.3 9.5M7.7 4.5 10 7 7.7 9.5' },
  process_done: { fill: square, cut: 'm4.1 7.2 2 2 3.8-4.1' },
  process_failed: { fill: square, cut: 'm4.9 4.9 4.2 4.2M9.1 4.9 4.9 9.1' },
  process_none: { line: 'M3.6 7h6.8' },
  rejected: { line: `${ring}M3.4 10.6l7.2-7.2` },
  // The seal of a proof: all of it was borne out.
  sealed: {
    fill: 'M7 0.7Q8.5 -0.5 9.4 1.2Q11.2 0.7 11.5 2.5Q13.3 2.8 12.8 4.6Q14.5 5.5 13.3 7Q14.5 8.5 12.8 9.4Q13.3 11.2 11.5 11.5Q11.2 13.3 9.4 12.8Q8.5 14.5 7 13.3Q5.5 14.5 4.6 12.8Q2.8 13.3 2.5 11.5Q0.7 11.2 1.2 9.4Q-0.5 8.5 0.7 7Q-0.5 5.5 1.2 4.6Q0.7 2.8 2.5 2.5Q2.8 0.7 4.6 1.2Q5.5 -0.5 7 0.7z',
    cut: 'm4.4 7.2 1.9 1.9 3.4-3.8',
  },
  settling: { fill: 'M7 1.6a5.4 5.4 0 0 1 0 10.8z', line: ring },
  done: { fill: disc, cut: 'm4.2 7.2 2 2 3.7-4.1' },
  uploading: { fill: disc, cut: 'M7 10.2V4.2M4.5 6.5 7 4l2.5 2.5' },
} as const satisfies Record<string, Sign>;

export type SignName = keyof typeof SIGNS;

/** The colour of a state, by what it means. */
export type Tone = 'active' | 'run' | 'done' | 'dedup' | 'failed' | 'rejected' | 'hold' | 'quiet';
