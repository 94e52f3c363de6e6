/** German: network, power, the schedule, and what is told outside the window. */
import type { Around } from '../contract';
import type { aroundEn } from './around.en';
import { formats } from './format';
import { plainName } from './name';

const f = formats('de-DE');
const named = (a: Around) => (a.network ? ` (${plainName(a.network, 40)})` : '');

export const aroundDe: typeof aroundEn = {
  blockedNow: {
    metered: (a) => `Angehalten in einem getakteten Netz${named(a)}.`,
    battery: (a) => (a.battery === null ? 'Angehalten im Akkubetrieb.' : `Angehalten im Akkubetrieb bei ${a.battery} %.`),
    schedule: (a) =>
      a.opens_at === null
        ? 'Wartet auf den Zeitplan: Er hat keine offene Stunde.'
        : `Wartet auf den Zeitplan: beginnt um ${f.when(a.opens_at, Date.now())}.`,
  },

  reasons: {
    why: 'Warum?',
    whyLabel: (name) => `Alle Gründe, warum ${plainName(name)} wartet`,
    anyway: 'Trotzdem hochladen',
    anywayHere: 'Hier trotzdem hochladen',
    always: 'In diesem Netz immer',
    changeLevel: 'Stand ändern',
    change: 'Ändern',
    startNow: 'Jetzt beginnen',
    editSchedule: 'Zeitplan ändern',
    tryNow: 'Jetzt versuchen',
    resume: 'Fortsetzen',
    resumeAll: 'Alles fortsetzen',
    checkKey: 'Schlüssel neu eingeben',
    edit: 'Ziel bearbeiten',
    proxy: 'Proxy-Einstellungen',
    leaveDisk: 'Seine Dateien auslassen',
    diskAway: (disk) => `Der Datenträger „${plainName(disk, 40)}“ ist nicht angeschlossen. Nichts ist verloren.`,
    leaveDiskTitle: (files, disk) =>
      `${files} ${disk ? `vom Datenträger „${plainName(disk, 40)}“` : 'des fehlenden Datenträgers'} auslassen?`,
    again: 'Es wird von selbst neu versucht.',
    againSince: (when) => `Seit ${when}; es wird von selbst neu versucht.`,
    wait: 'Warten',
    passed: (whats) => `Lädt trotzdem hoch: ${whats.join(', ')}`,
    noMore: 'Nicht mehr',
    asks: (a) => `In diesem Netz können Daten Geld kosten${named(a)}. Hier hochladen?`,
  },

  limits: {
    menu: 'Upload-Grenze',
    none: 'Keine Grenze',
    other: 'Andere Grenze…',
    atMost: (rate) => `≤\u00a0${rate}`,
  },

  schedule: {
    page: 'Zeitplan',
    title: 'Woche',
    text: 'Wählen Sie einen Stift und malen Sie über die Stunden. Es gilt die Uhr dieses Computers.',
    pens: { f: 'Voll', l: 'Begrenzt', n: 'Nichts' },
    penLabel: 'Stift',
    limit: 'Grenze der begrenzten Stunden',
    grid: 'Stunden der Woche',
    days: ['Montag', 'Dienstag', 'Mittwoch', 'Donnerstag', 'Freitag', 'Samstag', 'Sonntag'],
    short: ['Mo', 'Di', 'Mi', 'Do', 'Fr', 'Sa', 'So'],
    cell: (day, hour, pen) => `${day} ${hour}, ${pen}`,
    keys: 'Pfeiltasten bewegen, die Leertaste malt, Umschalt mit einer Pfeiltaste malt im Gehen.',
    clear: 'Alles voll',
    work: 'Arbeitszeit frei halten',
    allFull: 'Jede Stunde der Woche ist voll.',
    range: (days, from, to, what) => `${days} ${from}–${to}: ${what}`,
    pen: { f: 'volles Tempo', l: 'begrenzt', n: 'keine Uploads' },
    now: (what, until) => `Jetzt: ${what}${until === null ? '' : ` bis ${f.when(until, Date.now())}`}.`,
    startNow: 'Jetzt beginnen',
    startNowText: 'Gilt bis zum nächsten Wechsel.',
  },

  network: {
    page: 'Netz',
    metered: 'In getakteten Netzen',
    meteredText: 'Der Hotspot eines Telefons, ein Zug: wo Daten Geld kosten oder gezählt werden.',
    choices: { pause: 'Anhalten', ask: 'Fragen', ignore: 'Hochladen' },
    now: (a) =>
      a.online === null
        ? 'Dieses System sagt nicht, in welchem Netz es ist; nichts wird angehalten.'
        : !a.online
          ? 'Gerade gibt es kein Netz.'
          : `Jetzt: ${a.network ? plainName(a.network, 60) : 'ein Netz ohne Namen'}, ${a.metered === null ? 'nicht bekannt, ob getaktet' : a.metered ? 'getaktet' : 'nicht getaktet'}.`,
    proxy: 'Proxy',
    proxyText:
      'Worüber Uploads und Anmeldungen gehen, außer bei Zielen mit eigenem Proxy. Ziele auf diesem Computer werden direkt erreicht.',
    proxies: { system: 'System', none: 'Keiner', manual: 'Dieser' },
    ownProxies: {
      all: 'wie für alle (Einstellungen, Netz)',
      system: 'der des Systems',
      none: 'keiner',
      manual: 'ein eigener',
    },
    proxyAddress: 'Adresse',
    proxyHint: 'http://proxy.example.com:8080',
    proxyUser: 'Name, falls er danach fragt',
    proxyPassword: 'Passwort',
    proxyKept: 'wird behalten, falls es eines gibt',
    proxyExcept: 'Nicht für diese Rechner',
    proxyExceptHint: 'example.com, .local, 10.0.0.0/8',
    proxyUse: 'Diesen Proxy verwenden',
    proxyUsed: 'Dieser Proxy wird ab jetzt verwendet.',
    authorities: 'Eigene Zertifikate',
    authoritiesText: 'Eine Zertifizierungsstelle Ihrer Firma, der neben denen des Systems vertraut wird.',
    authoritiesChoose: 'Datei wählen…',
    authoritiesRemove: 'Entfernen',
    authoritiesUsed: 'Ihr wird ab jetzt geglaubt.',
    trusted: 'Vertraute Netze',
    trustedText: 'Gelten nie als getaktet.',
    noTrusted: 'Noch keines. „In diesem Netz immer“ fügt eines hinzu.',
    trust: 'Diesem Netz vertrauen',
    forget: (name) => `${plainName(name, 60)} vergessen`,
    forgetWord: 'Vergessen',
  },

  power: {
    page: 'Strom',
    battery: 'Im Akkubetrieb anhalten',
    batteryText: 'Uploads warten, solange der Akku darunter liegt, und gehen weiter, wenn er geladen ist.',
    never: 'Nie',
    below: (percent) => `Unter ${percent} %`,
    always: 'Bei jedem Stand',
    saver: 'Im Stromsparmodus anhalten',
    saverText: 'Solange dieser Computer Strom spart.',
    awake: 'Computer wach halten',
    awakeText: 'Nur solange Daten unterwegs sind; danach sofort nicht mehr.',
    awakes: { mains: 'Am Netz', uploading: 'Immer', never: 'Nie' },
    now: (a) =>
      a.on_battery === null
        ? 'Dieses System sagt nichts über seinen Strom; nichts wird angehalten.'
        : a.on_battery
          ? `Akkubetrieb${a.battery === null ? '' : `, ${a.battery} %`}${a.saver ? ', spart Strom' : ''}.`
          : `Am Stromnetz${a.saver ? ', spart Strom' : ''}.`,
  },

  notify: {
    title: 'Außerhalb des Fensters sagen',
    text: 'Nie, wenn das Fenster vorn ist, und nie zweimal. Was von selbst heilt, wird erst nach 15 Minuten gesagt.',
    levels: { none: 'Nie', quiet: 'Ruhig', normal: 'Normal', all: 'Alles' },
    about: {
      none: 'Nichts wird gesagt.',
      quiet: 'Was Sie braucht, Gruppen mit Ausgelassenem, ein Ziel, das eine Stunde nicht antwortet.',
      normal: 'Enden von Gruppen, was Sie braucht, und was Uploads 15 Minuten lang anhält.',
      all: 'Alles, sofort.',
    },
    sound: 'Töne',
    refused: 'Dieser Desktop zeigt keine Benachrichtigungen. Das Symbol in der Leiste und dieses Fenster sagen dasselbe.',
    soundText: 'Der Ton des Desktops für eine fertige Übertragung.',
    summary: 'Beobachtete Ordner',
    summaryText: 'Was sie gebracht haben, wenn alles angekommen ist.',
    summaries: { hourly: 'Einmal in der Stunde', each: 'Jeder Schub' },
  },
};
