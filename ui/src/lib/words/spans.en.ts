/** English: what held uploads up, and for how long. */
import type { SpanCause, SpanView } from '../contract';
import { formats } from './format';
import { plainName } from './name';
import { stretch } from './stretch';

const f = formats('en-GB');
const t = stretch('en-GB');
const place = (span: SpanView) => (span.destination === null ? 'the destination' : plainName(span.destination, 40));
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

const phrase: Record<SpanCause, (span: SpanView) => string> = {
  user: () => 'paused by you',
  question: () => 'waiting for your answer',
  offline: () => 'network lost',
  metered: () => 'metered network',
  battery: () => 'low battery',
  power_saver: () => 'power saver',
  schedule: () => 'no uploads by the schedule',
  limit: (span) => `limit of the schedule, ${f.bytes(span.limit ?? 0)}/s`,
  destination_down: (span) => `${place(span)} did not answer`,
  storage_full: (span) => `${place(span)} was full`,
  signed_out: (span) => (span.code === 'proxy_auth' ? 'the proxy wanted a sign-in' : `${place(span)} refused the key`),
  disk_missing: () => 'disk of the files missing',
  queue_disk_full: () => 'disk of the queue full',
  file_missing: () => 'files missing',
  locked_file: () => 'files in use',
  not_running: () => 'Windlass did not run',
};
/** In the last day its clock says enough. */
const DAY = 24 * 3600 * 1000;
const end = (ms: number) => (Date.now() - ms < DAY ? f.clock(ms) : f.when(ms, Date.now()));
const until = (span: SpanView) => (span.open ? '' : ` until ${end(span.to)}`);
const heading: Record<SpanCause, string> = {
  user: 'Paused by you',
  question: 'Your answer',
  offline: 'Network lost',
  metered: 'Metered network',
  battery: 'Low battery',
  power_saver: 'Power saver',
  schedule: 'Schedule',
  limit: 'Limit of the schedule',
  destination_down: 'Destination did not answer',
  storage_full: 'Destination full',
  signed_out: 'Key refused',
  disk_missing: 'Disk of the files missing',
  queue_disk_full: 'Disk of the queue full',
  file_missing: 'Files missing',
  locked_file: 'Files in use',
  not_running: 'Windlass not running',
};
const whole = (span: SpanView) => `${phrase[span.cause](span)}${span.one_group && span.group ? ` (${plainName(span.group, 40)})` : ''}`;

export const spansEn = {
  spans: {
    /** A cause as a heading. */
    cause: heading,
    /** A span as it stands in the chart. */
    say: (span: SpanView): string => {
      if (span.cause === 'limit') return `Schedule, ${f.bytes(span.limit ?? 0)}/s${until(span)}`;
      if (span.cause === 'schedule') return `Schedule, no uploads${until(span)}`;
      const lasted = t.lasted(span.to - span.from);
      if (span.cause === 'offline') return `Network lost ${lasted}${span.open ? '' : ', went on by itself'}`;
      return `${capital(whole(span))} ${span.interruption ? 'for ' : ''}${lasted}`;
    },
    /** The same where there is little room. */
    short: (span: SpanView): string =>
      span.limit !== null ? `${f.bytes(span.limit)}/s` : span.destination === null ? heading[span.cause] : plainName(span.destination, 24),
    /** The same without its time, for a table. */
    why: (span: SpanView): string => capital(whole(span)),
    /** The same with its clock, for a receipt. */
    at: (span: SpanView): string => `${whole(span)} ${t.range(span.from, span.to, Date.now())}`,
    /** 12 min */
    lasted: t.lasted,
    goesOn: 'goes on',
    table: 'What held uploads up',
    from: 'From',
    to: 'Until',
    reason: 'Why',
    chart: (count: number) => (count === 0 ? '' : `. Held up ${f.count(count)} ${count === 1 ? 'time' : 'times'}, told in the table`),
    again: (sent: string, count: number) => `Of ${sent} · after ${f.count(count)} ${count === 1 ? 'interruption' : 'interruptions'}`,
    within: (name: string, hours: number) => `${name}, ${hours < 48 ? `${f.count(hours)}\u00a0h` : `${f.count(hours / 24)}\u00a0d`}`,
    waited: 'Waiting by reason, 7 days',
    noWaited: 'Nothing had to wait in the last 7 days.',
    interruptions: 'Interruptions',
    interrupted: (count: number, told: readonly string[], again: string | null) => {
      const list = count === 0 ? f.count(0) : [f.count(count), ...told].join(', ');
      return again === null ? list : `${list} · ${again} sent again`;
    },
    rules: 'Waited',
    paused: (text: string, time: string) => `${text}, ${time} of it paused by you`,
  },
};
