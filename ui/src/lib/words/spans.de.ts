/** Deutsch: was Uploads aufhielt, und wie lange. */
import type { SpanCause, SpanView } from '../contract';
import { formats } from './format';
import { plainName } from './name';
import type { spansEn } from './spans.en';
import { stretch } from './stretch';

const f = formats('de-DE');
const t = stretch('de-DE');
const place = (span: SpanView) => (span.destination === null ? 'Das Ziel' : plainName(span.destination, 40));

const phrase: Record<SpanCause, (span: SpanView) => string> = {
  user: () => 'Von Ihnen pausiert',
  question: () => 'Ihre Antwort fehlte',
  offline: () => 'Netz weg',
  metered: () => 'Getaktetes Netz',
  battery: () => 'Akkubetrieb',
  power_saver: () => 'Stromsparen',
  schedule: () => 'Keine Uploads nach Zeitplan',
  limit: (span) => `Grenze des Zeitplans, ${f.bytes(span.limit ?? 0)}/s`,
  destination_down: (span) => `${place(span)} antwortete nicht`,
  storage_full: (span) => `${place(span)} war voll`,
  signed_out: (span) => (span.code === 'proxy_auth' ? 'der Proxy verlangte eine Anmeldung' : `${place(span)} lehnte den Schlüssel ab`),
  disk_missing: () => 'Datenträger der Dateien fehlte',
  queue_disk_full: () => 'Datenträger der Warteschlange voll',
  file_missing: () => 'Dateien fehlten',
  locked_file: () => 'Dateien in Gebrauch',
  not_running: () => 'Windlass lief nicht',
};
/** In the last day its clock says enough. */
const DAY = 24 * 3600 * 1000;
const end = (ms: number) => (Date.now() - ms < DAY ? f.clock(ms) : f.when(ms, Date.now()));
const until = (span: SpanView) => (span.open ? '' : ` bis ${end(span.to)}`);
const heading: Record<SpanCause, string> = {
  user: 'Von Ihnen pausiert',
  question: 'Ihre Antwort',
  offline: 'Netz weg',
  metered: 'Getaktetes Netz',
  battery: 'Akkubetrieb',
  power_saver: 'Stromsparen',
  schedule: 'Zeitplan',
  limit: 'Grenze des Zeitplans',
  destination_down: 'Ziel antwortete nicht',
  storage_full: 'Ziel voll',
  signed_out: 'Schlüssel abgelehnt',
  disk_missing: 'Datenträger der Dateien fehlte',
  queue_disk_full: 'Datenträger der Warteschlange voll',
  file_missing: 'Dateien fehlten',
  locked_file: 'Dateien in Gebrauch',
  not_running: 'Windlass lief nicht',
};
const whole = (span: SpanView) => `${phrase[span.cause](span)}${span.one_group && span.group ? ` (${plainName(span.group, 40)})` : ''}`;

export const spansDe: typeof spansEn = {
  spans: {
    cause: heading,
    say: (span) => {
      if (span.cause === 'limit') return `Zeitplan, ${f.bytes(span.limit ?? 0)}/s${until(span)}`;
      if (span.cause === 'schedule') return `Zeitplan, keine Uploads${until(span)}`;
      const lasted = t.lasted(span.to - span.from);
      if (span.cause === 'offline') return `Netz ${lasted} weg${span.open ? '' : ', von selbst weiter'}`;
      return `${whole(span)}, ${lasted}`;
    },
    short: (span) =>
      span.limit !== null ? `${f.bytes(span.limit)}/s` : span.destination === null ? heading[span.cause] : plainName(span.destination, 24),
    why: whole,
    at: (span) => `${whole(span)} ${t.range(span.from, span.to, Date.now())}`,
    lasted: t.lasted,
    goesOn: 'dauert an',
    table: 'Was Uploads aufhielt',
    from: 'Von',
    to: 'Bis',
    reason: 'Warum',
    chart: (count) => (count === 0 ? '' : `. ${f.count(count)}-mal aufgehalten, siehe Tabelle`),
    again: (sent, count) => `Von ${sent} · nach ${f.count(count)} ${count === 1 ? 'Unterbrechung' : 'Unterbrechungen'}`,
    within: (name, hours) => `${name}, ${hours < 48 ? `${f.count(hours)}\u00a0h` : `${f.count(hours / 24)}\u00a0Tage`}`,
    waited: 'Wartezeit nach Grund, 7 Tage',
    noWaited: 'In den letzten 7 Tagen musste nichts warten.',
    interruptions: 'Unterbrechungen',
    interrupted: (count, told, again) => {
      const list = count === 0 ? f.count(0) : [f.count(count), ...told].join(', ');
      return again === null ? list : `${list} · ${again} noch einmal gesendet`;
    },
    rules: 'Gewartet',
    paused: (text, time) => `${text}, davon ${time} von Ihnen pausiert`,
  },
};
