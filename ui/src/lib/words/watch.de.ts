/** Deutsch: beobachtete Ordner. */
import type { After, GroupRule, WatchFileView, WatchState, WatchVerdict, Why } from '../contract';
import { formats } from './format';
import { plainName } from './name';
import { type Said, strong } from './said';
import type { watchEn } from './watch.en';

const f = formats('de-DE');
const n = f.count;
const s = (count: number, one: string, many: string) => `${n(count)} ${count === 1 ? one : many}`;
const files = (count: number) => s(count, 'Datei', 'Dateien');
const quote = (text: string) => `„${plainName(text, 80)}“`;
const seconds = (ms: number | null) => `${n(Math.round((ms ?? 0) / 1000))}\u00a0s`;

type Fact = Pick<WatchFileView, 'detail' | 'size' | 'settle_ms' | 'verdict'>;

const why: Record<Why, (x: Fact) => Said> = {
  growing: (x) => [strong('Wächst noch'), `, bisher ${f.bytes(x.size)}. Geht los, sobald sie ${seconds(x.settle_ms)} stillsteht.`],
  settling: (x) => [strong('Steht still'), `. Geht los, sobald sie ${seconds(x.settle_ms)} stillstand.`],
  in_use: (x) => [strong('In einem anderen Programm offen'), `. Geht ${seconds(x.settle_ms)} nach dem Schließen los.`],
  never_still: () => [strong('Ändert sich seit mehr als 10 Minuten'), '. Trotzdem senden oder per Regel auslassen.'],
  other_name: () => [strong('Unterwegs umbenannt'), '. Was geht, hat den alten Namen.'],
  queued: (x) => [strong('Steht still'), ', kein Programm hält sie offen.', x.verdict === 'waiting' ? ' In der Warteschlange.' : ''],
  uploaded: () => ['Am Ziel geprüft.'],
  deduplicated: () => [strong('Derselbe Inhalt'), ' war schon da. Nichts wurde gesendet.'],
  new_version: () => ['Nach dem ersten Hochladen geändert; die neue Fassung liegt daneben.'],
  same_content: () => ['Berührt, aber der Inhalt ist der geprüfte. Nichts wurde gesendet.'],
  renamed: (x) => ['Geprüft als ', strong(quote(x.detail)), '; Umbenennen ist kein neues Hochladen.'],
  removed_there: () => [strong('Am Ziel entfernt'), ', nachdem es geprüft war. Von selbst wird es nicht wieder gesendet.'],
  temp_name: (x) => ['Name einer unfertigen Datei, ', strong(quote(x.detail)), '. Wird nach dem Umbenennen wieder angesehen.'],
  junk: () => ['Eine Datei, die ', strong('Systeme hinterlassen'), '.'],
  hidden: () => [strong('Versteckt'), '. Die Regeln lassen versteckte Dateien aus.'],
  excluded: (x) => ['Ihre Regel: ', strong(`${quote(x.detail)} auslassen`), '.'],
  not_included: (x) => ['Ihre Regel: ', strong(`nur ${quote(x.detail)}`), '.'],
  too_small: (x) => ['Ihre Regel: ', strong(`kleiner als ${f.bytes(Number(x.detail))}`), '.'],
  too_large: (x) =>
    Number.isFinite(Number(x.detail))
      ? ['Ihre Regel: ', strong(`größer als ${f.bytes(Number(x.detail))}`), '.']
      : [strong('Zu groß'), ' für einen Upload.'],
  too_old: (x) => ['Ihre Regel: ', strong(`vor mehr als ${s(Number(x.detail), 'Tag', 'Tagen')} geändert`), '.'],
  too_deep: (x) => ['Ihre Regel: ', strong(`höchstens ${s(Number(x.detail), 'Unterordner', 'Unterordner')} tief`), '.'],
  too_large_there: (x) => [strong(`Größer als ${f.limit(Number(x.detail))}`), ': mehr nimmt das Ziel nicht.'],
  type_refused: (x) => [strong(`Das Ziel nimmt kein ${plainName(x.detail)}`), '.'],
  not_regular: () => [strong('Keine Datei'), ': ein Link, eine Pipe, ein Socket oder ein Gerät.'],
  odd_name: () => [strong('Dieser Name'), ' ist am Ziel nicht möglich.'],
  was_there: () => [strong('War schon da'), ', bevor der Ordner beobachtet wurde.'],
  cancelled: () => [strong('Abgebrochen'), ': das Hochladen wurde beendet.'],
  failed: () => [strong('Das Hochladen ist fehlgeschlagen'), '.'],
  unreadable: (x) => [strong('Nicht lesbar'), `: ${plainName(x.detail, 120)}`],
  anyway: () => [strong('Sie haben es gesagt'), ': geht, was immer sie hält.'],
  absent: () => [strong('Es gibt keine solche Datei'), '; der Name würde genommen.'],
};

export const watchDe: typeof watchEn = {
  watch: {
    title: 'Beobachtete Ordner',
    short: 'Beobachtet',
    add: 'Ordner beobachten',
    none: 'Noch kein Ordner wird beobachtet',
    noneText: 'Wählen Sie einen Ordner; was darin ist und was hineinkommt, wird von selbst hochgeladen, einmal und ganz.',
    note: 'Ordner werden auf Änderungen beobachtet und alle 15 Minuten ganz durchgesehen, damit nach Ruhezustand oder verlorenen Meldungen nichts fehlt.',
    list: 'Beobachtete Ordner',
    files: 'Dateien des Ordners',
    state: {
      up_to_date: 'Aktuell',
      scanning: 'Sieht nach',
      settling: 'Wartet auf Stillstand',
      uploading: 'Lädt hoch',
      paused: 'Angehalten',
      disk_missing: 'Laufwerk fehlt',
      needs_you: 'Braucht Sie',
    } satisfies Record<WatchState, string>,
    summary: (settling: number, queued: number, failed: number) =>
      [
        settling > 0 ? `${n(settling)} noch nicht still` : '',
        queued > 0 ? `${n(queued)} in der Warteschlange` : '',
        failed > 0 ? `${n(failed)} fehlgeschlagen` : '',
      ]
        .filter((x) => x !== '')
        .join(' · '),
    last: (when: string, today: number) => `Letzte Datei ${when} · ${n(today)} heute`,
    noFiles: 'Noch keine Datei hochgeladen',
    looked: (when: string) => `Angesehen ${when}`,
    never: 'Noch nicht angesehen',
    pause: 'Ordner anhalten',
    resume: 'Ordner fortsetzen',
    rules: 'Regeln',
    menu: (name: string) => `Aktionen für ${plainName(name)}`,
    now: 'Jetzt nachsehen',
    on: (name) => `${plainName(name, 60)} beobachten`,
    testName: 'Einen Namen testen…',
    test: {
      title: (name) => `Einen Namen in ${quote(name)} testen`,
      label: 'Name einer Datei in diesem Ordner, ob es sie gibt oder nicht',
      hint: 'etwa 2026/clip_004.mov',
      taken: 'Würde hochgeladen',
      takenWhy: 'Keine Regel lässt diesen Namen aus. Die Datei wird hochgeladen, sobald sie stillsteht.',
      wrong: 'So kann keine Datei in diesem Ordner heißen.',
    },
    anywayAll: 'Alles Wartende jetzt hochladen',
    anyway: 'Trotzdem hochladen',
    anywayFile: (name: string) => `Trotzdem hochladen: ${plainName(name, 60)}`,
    remove: 'Nicht mehr beobachten…',
    removeTitle: (name: string) => `${quote(name)} nicht mehr beobachten?`,
    removeText: 'Dateien, Uploads und Belege bleiben. Was in der Warteschlange ist, geht weiter.',
    removeYes: 'Nicht mehr beobachten',
    same: 'Es ist derselbe Ordner',
    polling: {
      network: 'Ein Netzlaufwerk: jede Minute durchgesehen.',
      limit:
        'Das System beobachtet keine weiteren Ordner. Alle 30 Sekunden durchgesehen; fs.inotify.max_user_watches erhöhen, um das zu ändern.',
    },
    overflow: (times: number) => `${n(times)}-mal gingen Meldungen des Systems verloren; jedes Mal wurde alles durchgesehen.`,
    filters: 'Welche Dateien',
    filter: {
      all: 'Alle Dateien',
      settling: 'Nicht still',
      queued: 'In der Warteschlange',
      uploaded: 'Hochgeladen',
      ignored: 'Ausgelassen',
      failed: 'Fehlgeschlagen',
    },
    search: 'Dateien dieses Ordners suchen',
    searchHint: 'Datei oder Ordner',
    nothing: 'Keine Datei ist so.',
    more: 'Mehr zeigen',
    verdict: {
      settling: 'Nicht still',
      waiting: 'Wartet',
      uploading: 'Lädt hoch',
      uploaded: 'Hochgeladen',
      deduplicated: 'Schon da',
      ignored: 'Ausgelassen',
      failed: 'Fehlgeschlagen',
    } satisfies Record<WatchVerdict, string>,
    why: (x: WatchFileView) => why[x.why](x),
    countdown: (left: number) => (left > 0 ? `in ${n(left)} s` : 'jetzt'),
    checked: (ago: number) => (ago > 0 ? `vor ${n(ago)} s angesehen` : 'eben angesehen'),
    still: 'Steht still',
    stillText: (stood: number, of: number) => `${n(stood)} von ${s(of, 'Sekunde', 'Sekunden')}`,
    gone: 'Nicht mehr im Ordner.',
    original: {
      kept: 'Das Original bleibt.',
      due: 'Das Original geht, sobald alles bewiesen ist.',
      gone: 'Das Original wurde nach dem Beweis weggeräumt.',
      refused: 'Das Original bleibt: nicht alles hat gestimmt.',
    },
    versions: (count: number) => (count > 1 ? `${n(count)} Fassungen` : ''),
    form: {
      title: 'Ordner beobachten',
      edit: (name: string) => `Regeln von ${plainName(name, 60)}`,
      folder: 'Ordner',
      choose: 'Wählen…',
      chosen: 'Noch kein Ordner gewählt',
      name: 'Name',
      destination: 'Geht nach',
      include: 'Nur Dateien wie',
      exclude: 'Auslassen',
      patterns: 'Ein Muster je Zeile, wie in einer .gitignore-Datei: *.mp4, proxies/',
      smallest: 'Kleinste, in MB',
      largest: 'Größte, in MB',
      age: 'Geändert seit, in Tagen',
      anyAge: 'egal wann',
      depth: 'Unterordner tief',
      all: 'alle',
      hidden: 'Auch versteckte Dateien',
      group: 'Dateien bilden eine Gruppe',
      groupRule: { batch: 'wenn sie zusammen kommen', day: 'je Tag', folder: 'je Unterordner' } satisfies Record<GroupRule, string>,
      despite: 'Geht auch hoch',
      despiteRule: { metered: 'in einem getakteten Netz', battery: 'bei schwachem Akku', closed: 'wenn der Zeitplan geschlossen ist' },
      settle: 'Still seit, in Sekunden',
      after: 'Nach dem Hochladen',
      afterRule: {
        keep: 'Original behalten',
        move: 'In einen Ordner verschieben',
        delete: 'In den Papierkorb legen',
      } satisfies Record<After, string>,
      afterFolder: 'Verschieben nach',
      warnMove: 'Erst wenn das Ziel die Datei bewiesen hat und solange sie unverändert ist.',
      warnDelete:
        'Heute wird nichts gelöscht; das erste Mal nach dem nächsten geprüften Hochladen, über den Papierkorb und nur, solange die Datei unverändert ist.',
      confirm: (name: string) => `${quote(name)} eingeben, um das einzuschalten`,
      there: 'Dateien, die schon da sind',
      thereRule: { all: 'Hochladen', new: 'Nur neue' },
      preview: (matched: number, total: number, bytes: string, more: boolean) =>
        `Passt auf ${n(matched)} von ${more ? 'mehr als ' : ''}${files(total)}, ${bytes}`,
      looking: 'Sieht nach…',
      leftOut: 'Ausgelassen, zum Beispiel:',
      save: 'Beobachten',
      saveRules: 'Regeln speichern',
    },
  },
};
