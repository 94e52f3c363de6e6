/** The stand-in's stretches in which work was held up. Never part of a build. */
import type { Insights, Interruptions, SpanView } from '$lib/contract';
import { NOW } from './scenes';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const span = (part: Partial<SpanView> & Pick<SpanView, 'cause' | 'from' | 'to'>): SpanView => ({
  interruption: false,
  open: false,
  destination: null,
  one_group: false,
  group: null,
  code: null,
  number: null,
  limit: null,
  ...part,
});
const down = {
  cause: 'destination_down',
  interruption: true,
  destination: 'Studio NAS',
  code: 'connection_lost',
  number: 'WL-202',
} as const;

/** A limited morning, a group that stood still alone, a network that was lost, a destination that was silent. */
export function heldUp(hours: number): Pick<Insights, 'spans' | 'interruptions' | 'waited'> {
  const at = (share: number) => NOW - hours * HOUR + share * hours * HOUR;
  return {
    spans: [
      span({ cause: 'limit', from: at(0), to: at(60 / 288), limit: 25e6 }),
      span({ cause: 'user', from: at(90 / 288), to: at(100 / 288), one_group: true, group: 'Harbour East day 2' }),
      span({ cause: 'offline', interruption: true, from: at(159 / 288), to: at(159 / 288) + 12 * MINUTE }),
      span({ ...down, from: at(250 / 288), to: at(250 / 288) + 8 * MINUTE }),
    ],
    interruptions: 2,
    waited: [
      { cause: 'schedule', ms: 31 * HOUR },
      { cause: 'user', ms: 5.2 * HOUR },
      { cause: 'metered', ms: 2.6 * HOUR },
      { cause: 'destination_down', ms: 38 * MINUTE },
      { cause: 'offline', ms: 12 * MINUTE },
    ],
  };
}

/** Of one group that ended: the network was lost once, and the person paused it. */
export const interruptionsOf = (group: string, began: number): Interruptions =>
  group === 'g-board'
    ? {
        count: 1,
        spans: [
          span({ cause: 'offline', interruption: true, from: began + 6 * MINUTE, to: began + 8 * MINUTE }),
          span({ cause: 'user', from: began + 10 * MINUTE, to: began + 12 * MINUTE }),
        ],
        again: 16e6,
        paused_ms: 2 * MINUTE,
      }
    : { count: 0, spans: [], again: 0, paused_ms: 0 };
