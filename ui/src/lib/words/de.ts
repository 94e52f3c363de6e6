/** Deutsch. */
import type { BlockedReason, FileWord, Finding, FindingKind, GroupWord } from '../contract';
import type { Words } from './en';
import { aroundDe } from './around.de';
import { deskDe } from './desk.de';
import { settingsDe } from './settings.de';
import { watchDe } from './watch.de';
import { errorsDe } from './errors.de';
import { keyboardDe } from './keyboard.de';
import { outsideDe } from './outside.de';
import { formats, timeLeft } from './format';
import { plainName } from './name';
import type { CheckWords, WhyWords } from './words';

const f = formats('de-DE');
const n = f.count;
const s = (count: number, one: string, many: string) => `${n(count)} ${count === 1 ? one : many}`;
const files = (count: number) => s(count, 'Datei', 'Dateien');
const parts = (count: number) => s(count, 'Teil', 'Teile');
const groups = (count: number) => s(count, 'Gruppe', 'Gruppen');
const quote = (name: string, most?: number) => `„${plainName(name, most)}“`;
const which = (found: Finding) => (found.files === 1 && found.example ? quote(found.example) : files(found.files));

const groupWord: Record<GroupWord, string> = {
  waiting: 'Wartet',
  preparing: 'Bereitet vor',
  uploading: 'Lädt hoch',
  finishing: 'Schließt ab',
  paused: 'Pausiert',
  interrupted: 'Unterbrochen',
  needs_you: 'Braucht Sie',
  done: 'Fertig',
  done_left_out: 'Fertig',
  cancelled: 'Abgebrochen',
  cleaning_up: 'Räumt auf',
};

const fileWord: Record<FileWord, string> = {
  waiting: 'Wartet',
  preparing: 'Bereitet vor',
  uploading: 'Lädt hoch',
  finishing: 'Schließt ab',
  verified: 'Geprüft',
  already_there: 'Schon da',
  unchanged: 'Unverändert',
  skipped: 'Ausgelassen',
  changed: 'Geändert',
  needs_you: 'Braucht Sie',
  failed: 'Fehler',
  paused: 'Pausiert',
  cancelled: 'Abgebrochen',
};

const blocked: Record<BlockedReason, WhyWords> = {
  user: { short: 'Von Ihnen', long: 'Von Ihnen pausiert.' },
  question: { short: 'Ihre Antwort', long: 'Wartet auf Ihre Antwort.' },
  offline: { short: 'Offline', long: 'Offline. Geht von selbst weiter, sobald das Netz zurück ist.' },
  metered: { short: 'Getaktetes Netz', long: 'Angehalten in einem getakteten Netz.' },
  battery: { short: 'Akkubetrieb', long: 'Angehalten im Akkubetrieb.' },
  power_saver: { short: 'Stromsparen', long: 'Angehalten, solange dieser Computer Strom spart.' },
  schedule: { short: 'Zeitplan', long: 'Wartet auf den Zeitplan.' },
  destination_down: { short: 'Keine Antwort', long: 'Das Ziel antwortet nicht. Es wird von selbst wieder versucht.' },
  destination_slow_down: { short: 'Soll warten', long: 'Das Ziel bittet um Geduld. Geht von selbst weiter.' },
  storage_full: { short: 'Ziel ist voll', long: 'Das Ziel ist voll. Schaffen Sie dort Platz; es geht von selbst weiter.' },
  signed_out: { short: 'Schlüssel abgelehnt', long: 'Das Ziel lehnt den Schlüssel ab. Prüfen Sie ihn in den Einstellungen.' },
  disk_missing: { short: 'Datenträger fehlt', long: 'Der Datenträger der Dateien ist nicht angeschlossen. Nichts ist verloren.' },
  queue_disk_full: { short: 'Kein Platz', long: 'Der Datenträger dieses Computers ist voll. Schaffen Sie Platz; nichts ist verloren.' },
  file_missing: { short: 'Dateien fehlen', long: 'Dateien sind nicht dort, wo sie waren.' },
  locked_file: { short: 'Benutzt', long: 'Ein anderes Programm benutzt Dateien. Sie gehen von selbst weiter.' },
  following: { short: 'Gleicher Inhalt', long: 'Derselbe Inhalt ist von anderswo unterwegs.' },
};

const checks: Record<string, CheckWords> = {
  reachable: { name: 'Erreichbar', ok: () => 'Antwortet' },
  key: { name: 'Schlüssel', ok: () => 'Schlüssel und Geheimnis stimmen' },
  bucket: { name: 'Bucket', ok: () => 'Der Bucket ist da' },
  clock: { name: 'Uhr', ok: () => 'Die Uhren stimmen überein', warning: (d) => `Die Uhren weichen ab: ${d}` },
  create: { name: 'Upload beginnen', ok: () => 'Uploads lassen sich anlegen' },
  write: { name: 'Schreiben', ok: () => 'Schreiben ist möglich' },
  complete: { name: 'Upload abschließen', ok: () => 'Uploads lassen sich abschließen' },
  read_back: { name: 'Zurücklesen', ok: () => 'Testdatei zurückgelesen und gleich' },
  remove: { name: 'Testdatei entfernen', ok: () => 'Testdatei wieder entfernt' },
  free_space: {
    name: 'Freier Platz',
    ok: (d) => (/^\d+$/.test(d) ? `${f.bytes(Number(d))} frei` : d ? `${d} frei` : 'Genug Platz'),
    warning: (d) => (/^\d+$/.test(d) ? `Nur ${f.bytes(Number(d))} frei` : `Wenig Platz: ${d}`),
  },
  same_disk: {
    name: 'Datenträger',
    ok: () => 'Auf einem anderen Datenträger als Ihre Dateien',
    warning: () => 'Dies liegt auf demselben Datenträger wie Ihre Dateien. Es ist eine Kopie, keine Sicherung.',
  },
  largest_file: {
    name: 'Größte Datei',
    ok: () => 'Dateien jeder Größe passen',
    warning: (d) => `So, wie dieser Datenträger formatiert ist, hält er Dateien bis ${f.limit(Number(d))}`,
  },
  checksums: {
    name: 'Prüfsummen',
    ok: (d) => (d ? `Bestätigt Prüfsummen (${d})` : 'Bestätigt Prüfsummen'),
    warning: () => 'Kann keine Prüfsummen bestätigen; Dateien werden zurückgelesen',
  },
  encrypted: {
    name: 'Weg',
    ok: () => 'Der Weg dorthin ist verschlüsselt',
    warning: () => 'Die Adresse ist http: Wer auf dem Weg liegt, kann das Token lesen. Nehmen Sie https, wo es geht.',
  },
  sign_in: {
    name: 'Anmelden',
    ok: () => 'Das Token gilt',
    warning: () => 'Das Token darf nicht löschen: Was Sie abbrechen, bleibt dort, bis der Server es aufräumt',
  },
  place: { name: 'Ziel auf dem Server', ok: () => 'Dateien können dorthin' },
};

const finding: Record<FindingKind, (found: Finding) => string> = {
  continues: (x) =>
    x.parts > 0
      ? `${files(x.files)} unterwegs: ${parts(x.parts)} ${x.parts === 1 ? 'bleibt' : 'bleiben'}, der Rest folgt`
      : `${which(x)}: geht weiter, wo es stand`,
  more_stored: (x) => `Das Ziel hat schon ${s(x.parts, 'Teil', 'Teile')} mehr, als dieser Computer wusste`,
  fewer_stored: (x) => `${s(x.parts, 'Teil fehlt', 'Teile fehlen')} am Ziel und ${x.parts === 1 ? 'wird' : 'werden'} neu gesendet`,
  finishes: (x) => `Alles ist da: ${which(x)}; nur der Abschluss fehlt`,
  was_finished: (x) => `Fertig geworden, während Windlass zu war: ${which(x)}, soeben geprüft`,
  session_gone: (x) => `Das Ziel hat den Upload vergessen: ${which(x)}; beginnt von vorn`,
  file_changed: (x) => `Seitdem auf diesem Computer geändert: ${which(x)}; die neue Fassung wird vom ersten Byte an gesendet`,
  file_missing: (x) => `Auf diesem Computer nicht mehr da: ${which(x)}`,
  disk_missing: (x) =>
    `${x.disk ? `Der Datenträger ${quote(x.disk, 40)}` : 'Der Datenträger'} ist nicht angeschlossen: ${which(x)} ${x.files === 1 ? 'wartet' : 'warten'} auf ihn; nichts ist verloren`,
  not_started: (x) => `${files(x.files)} noch nicht begonnen`,
  abandoned_elsewhere: (x) => `Ein anderer Computer ließ dies unfertig; dieselben Dateien sind hier: ${which(x)}`,
};

export const de: Words = {
  ...aroundDe,
  ...deskDe,
  ...keyboardDe,
  ...settingsDe,
  ...watchDe,
  lang: 'de',
  langName: 'Deutsch',
  f,
  n,
  files,
  parts,
  quote,

  outside: outsideDe,

  app: {
    name: 'Windlass',
    views: 'Ansichten',
    transfers: 'Uploads',
    settings: 'Einstellungen',
    attention: (count) => `${groups(count)} ${count === 1 ? 'braucht' : 'brauchen'} Sie`,
    open: (count) => `${groups(count)} nicht fertig`,
    loading: 'Warteschlange wird geöffnet…',
    broken: 'Die Warteschlange kann nicht gezeigt werden',
    tryAgain: 'Noch einmal',
    close: 'Schließen',
    cancel: 'Abbrechen',
    keep: 'Behalten',
    more: 'Weitere Aktionen',
    copied: 'Kopiert',
  },

  rate: {
    all: 'Alle Uploads',
    history: 'Geschwindigkeit der letzten fünf Minuten',
    pauseAll: 'Alles pausieren',
    resumeAll: 'Alles fortsetzen',
    left: (range) => `noch ${range}`,
    held: (percent) => `Steht bei ${percent}`,
    paused: 'Alles ist pausiert',
    pausedUntil: (at) => `Pausiert bis ${at}`,
    idle: 'Nichts zu senden',
    working: 'Die Zeit wird ermittelt',
    of: 'von',
    progress: (percent, amount) => `${percent}, ${amount}`,
  },

  eta(eta, now) {
    const left = timeLeft(eta);
    const h = (hours: number) => String(hours).replace('.', ',');
    switch (left.kind) {
      case 'minute':
        return 'unter 1 min';
      case 'minutes':
        return left.low === left.high ? `${left.low} min` : `${left.low}–${left.high} min`;
      case 'hours':
        return left.low === left.high ? `etwa ${h(left.low)} h` : `etwa ${h(left.low)}–${h(left.high)} h`;
      case 'unsteady':
        return left.hours > 0 ? `über ${left.hours} h` : `über ${left.minutes} min`;
      case 'until':
        return `bis ${f.weekday(now + left.low * 1000)}–${f.clock(now + left.high * 1000)}`;
    }
  },

  destination: {
    none: 'Noch kein Ziel',
    choose: 'Zum Beginnen eines wählen',
    ready: 'Bereit',
    label: (name, state) => `Ziel: ${name}, ${state}`,
    kind: { folder: 'Ordner', s3: 'S3-Bucket', server: 'Windlass-Server' },
    folderTitle: 'Ordner hier oder im Netz',
    folderText: 'Ein Ordner auf diesem oder einem externen Datenträger oder einer Netzfreigabe.',
    s3Title: 'Mein S3-Bucket',
    s3Text: 'Amazon S3, Garage, Ceph, R2 und andere. Braucht ein Schlüsselpaar.',
    serverTitle: 'Windlass-Server',
    serverText: 'Ein Server Ihres Teams. Braucht seine Adresse und eine Anmeldung oder ein Token.',
    token: 'Token',
    tokenStays: 'das gespeicherte bleibt',
    place: 'Ziel auf dem Server',
    placeLater: 'die Prüfung zeigt, was es gibt',
    keepToken: 'Token aufbewahren in',
    folder: 'Ordner',
    chooseFolder: 'Ordner wählen…',
    name: 'Name',
    endpoint: 'Adresse',
    region: 'Region',
    bucket: 'Bucket',
    prefix: 'Ordner im Bucket',
    optional: 'darf leer sein',
    accessKey: 'Zugriffsschlüssel',
    secretKey: 'Geheimer Schlüssel',
    pathStyle: 'Bucket im Pfad (die meisten Server außer Amazon)',
    folderMarkers: 'Leere Ordner behalten, als Objekte ohne Inhalt',
    keep: 'Geheimnis aufbewahren in',
    keepIn: {
      keyring: 'dem Schlüsselbund dieses Computers',
      session: 'dem Arbeitsspeicher, bis Windlass endet',
      file: 'einer Datei, die nur dieses Konto lesen darf',
    },
    largest: 'Größte Datei',
    unit: 'Einheit der größten Datei',
    noLimit: 'ohne Grenze',
    noSize: 'Schreiben Sie eine Größe über 0, etwa 5 oder 1,5, oder lassen Sie das Feld leer.',
    refused: 'Abgelehnte Typen',
    limits: (of) => [
      ...(of.max_bytes === null ? [] : [`Dateien bis ${f.limit(of.max_bytes)}`]),
      ...(of.refused_types.length === 0 ? [] : [`lehnt ${f.list(of.refused_types.map((t) => plainName(`.${t}`)))} ab`]),
      ...(of.allowed_mime === null ? [] : [`nimmt nur ${f.list(of.allowed_mime.map((t) => plainName(t)))}`]),
    ],
    setThere: (limits) => `Festgelegt von dem, der den Server betreibt: ${limits}.`,
    checks: 'Prüfungen',
    checking: 'Wird geprüft…',
    test: 'Prüfen',
    checkWord: checks,
    checkFailed: (name, why) => (why.startsWith(name) ? why : `${name}: ${why}`),
    checkNext: {
      storage_credentials: 'Prüfen Sie Schlüssel und Geheimnis Zeichen für Zeichen, dann testen Sie noch einmal.',
      bucket_missing: 'Prüfen Sie den Namen des Buckets und die Region, dann testen Sie noch einmal.',
      connection_refused: 'Prüfen Sie die Adresse und ihren Port, dann testen Sie noch einmal.',
      host_not_found: 'Prüfen Sie die Adresse Zeichen für Zeichen, dann testen Sie noch einmal.',
      proxy_unreachable: 'Prüfen Sie die Adresse des Proxys, hier oder unter Einstellungen, Netz, dann testen Sie noch einmal.',
      proxy_auth: 'Prüfen Sie Name und Passwort des Proxys, hier oder unter Einstellungen, Netz, dann testen Sie noch einmal.',
      token_expired: 'Melden Sie sich neu an, oder geben Sie ein anderes Token ein.',
      unauthenticated: 'Melden Sie sich neu an, oder geben Sie ein anderes Token ein.',
    },
    noKeychain: 'Dieser Computer hat keinen Schlüsselbund. Das Geheimnis im Arbeitsspeicher behalten, bis Sie beenden?',
    keychainLocked: 'Der Schlüsselbund ist gesperrt und nahm kein Geheimnis an. Es im Arbeitsspeicher behalten, bis Sie beenden?',
    inMemory: 'Ja, im Arbeitsspeicher',
    outcome: { ok: 'bestanden', warning: 'bestanden mit Hinweis', failed: 'nicht bestanden' },
  },

  signIn: {
    signIn: 'Anmelden',
    at: (host) => `Bei diesem Server melden Sie sich über ${host} an.`,
    begin: 'Im Browser anmelden',
    byToken: 'Stattdessen ein Token verwenden',
    enter: 'Ihr Browser öffnet sich. Vergleichen Sie diesen Code oder geben Sie ihn dort ein:',
    open: 'Öffnen Sie diese Adresse in einem Browser, hier oder auf einem anderen Gerät, und geben Sie den Code ein:',
    copy: 'Code kopieren',
    waiting: 'Wartet auf Sie im Browser…',
    again: 'Browser erneut öffnen',
    done: (who) => `Angemeldet als ${who}`,
    other: 'Als jemand anderes anmelden',
    late: 'Der Code wurde nicht rechtzeitig verwendet.',
    refused: 'Die Anmeldung wurde abgelehnt.',
    away: 'Der Server erreicht die Anmeldung nicht. Versuchen Sie es später noch einmal.',
  },

  elsewhere: {
    title: 'Von Ihren anderen Rechnern liegen gelassen',
    text: 'Uploads, die anderswo begonnen wurden und seit über einer Stunde stillstehen. Dieselben Dateien, hier abgelegt, kommen neu an.',
    facts: (count, done, total, destination, at) =>
      `${files(count)}, ${f.bytes(done)} von ${f.bytes(total)} bei ${destination}, zuletzt gesehen ${f.stamp(at)}`,
    leftAt: (ago, percent) => `Ein anderer Ihrer Computer hat dies ${ago} bei ${n(percent)} % liegen lassen.`,
    finish: 'Hier beenden…',
    finishHint: 'Wählen Sie dieselben Dateien oder denselben Ordner: Sie kommen von hier an, und nichts wird doppelt.',
    leave: 'Liegen lassen',
    later: (at) => `Kann ab ${at} verworfen werden`,
    discard: 'Verwerfen',
    discardTitle: (name) => `${quote(name)} verwerfen?`,
    discardText: 'Was davon unfertig ist, wird vom Server entfernt. Angekommene Dateien bleiben.',
  },

  firstRun: {
    title: 'Wohin sollen Ihre Dateien?',
    text: 'Windlass merkt sich jeden Teil jeder Datei; ein Upload verliert nie an Boden, auch nicht nach einem Absturz. Sie können das später in den Einstellungen ändern.',
    choices: 'Ziel',
    promise: 'Nichts verlässt diesen Computer, bevor Sie die erste Datei ablegen.',
    later: 'Nicht jetzt',
    start: 'Beginnen',
    stepsLabel: 'Schritte zur ersten geprüften Datei',
    steps: ['Ziel', 'Erste Dateien', 'Geprüft'],
  },

  transfers: {
    title: 'Uploads',
    filter: 'Filter',
    filters: { all: 'Alle', moving: 'In Bewegung', attention: 'Braucht Sie', finished: 'Fertig' },
    add: 'Hinzufügen',
    addFiles: 'Dateien wählen…',
    addFolder: 'Ordner wählen…',
    addHere: 'Dateien zu dieser Gruppe…',
    addFolderHere: 'Ordner zu dieser Gruppe…',
    paste: 'Einfügen',
    emptyTitle: 'Dateien oder Ordner hier ablegen',
    emptyText: (dest) =>
      dest
        ? `Sie gehen nach ${dest}. Jeder Teil, der ankommt, wird notiert; nichts wird zweimal gesendet.`
        : 'Wählen Sie zuerst in den Einstellungen ein Ziel.',
    noneMoving: 'Gerade bewegt sich nichts.',
    noneAttention: 'Nichts braucht Sie.',
    noneFinished: 'Noch ist nichts fertig.',
    earlier: (count) => `${groups(count)} früher fertig geworden`,
    earlierText: (count, bytes) => `${files(count)}, ${bytes}`,
    showReceipts: 'Belege zeigen',
  },

  group: {
    word: groupWord,
    leftOut: (count) => `${n(count)} ausgelassen`,
    needCount: (count) => (count === 1 ? '1 braucht Sie' : `${n(count)} brauchen Sie`),
    filesOf: (done, total) => `${n(done)} von ${files(total)}`,
    filesShort: (done, total) => `${n(done)} von ${n(total)}`,
    alreadyThere: (count) => `${n(count)} schon da`,
    scanning: (total) => `bisher ${files(total)}`,
    growing: (count) => `${count === 1 ? 'eine wird' : `${n(count)} werden`} noch geschrieben`,
    left: 'Noch',
    sending: 'Senden',
    finishing: 'Abschluss',
    filesHead: 'Dateien',
    why: 'Grund',
    size: 'Größe',
    ended: 'Beendet',
    filesPerSecond: (rate) => `${f.decimal(rate)} Dateien/s`,
    upload: 'Upload',
    processing: 'Verarbeitung',
    processingLabel: (name) => `Verarbeitung von ${plainName(name)}`,
    processingText: (percent, failed) => (failed > 0 ? `${percent}, ${n(failed)} fehlgeschlagen` : percent),
    progressLabel: (name) => `Upload von ${plainName(name)}`,
    show: (name) => `Dateien von ${plainName(name)}`,
    pause: 'Gruppe pausieren',
    resume: 'Gruppe fortsetzen',
    pauseWord: 'Pausieren',
    resumeWord: 'Fortsetzen',
    retry: 'Wiederholen',
    retryFailed: (count) => `${files(count)} wiederholen`,
    cancel: 'Gruppe abbrechen…',
    remove: 'Aus der Liste entfernen',
    rename: 'Umbenennen…',
    renameLabel: 'Name der Gruppe',
    receipt: 'Beleg',
    verify: 'Jetzt prüfen',
    showThere: 'Am Ziel zeigen',
    menu: (name) => `Aktionen für ${plainName(name)}`,
    question: 'Beantworten Sie zuerst die Frage zum letzten Lauf',
    needPerson: (count) => `${files(count)} ${count === 1 ? 'kommt' : 'kommen'} ohne Sie nicht weiter`,
    cancelTitle: (name) => `${quote(name)} abbrechen?`,
    cancelText: (bytes) =>
      `Von den ${bytes}, die gesendet sind, wird am Ziel entfernt, was zu unfertigen Dateien gehört. Geprüfte Dateien bleiben.`,
    cancelYes: 'Gruppe abbrechen',
    announce: (name, word) => `${plainName(name)}: ${word}`,
  },

  list: {
    name: 'Name',
    size: 'Größe',
    parts: 'Teile',
    upload: 'Upload',
    processing: 'Verarbeitung',
    actions: 'Aktionen',
    foot: (total) => `${files(total)}, in Ordnerfolge`,
    keys: { done: 'fertig', sending: 'unterwegs', todo: 'offen', failed: 'Fehler', dedup: 'schon da' },
    loading: 'Wird geladen…',
    found: (count, total) => `${n(count)} von ${files(total)}`,
    noneFound: 'Keine Datei dieser Gruppe ist so.',
    show: 'Welche Dateien',
    kinds: { all: 'Alle Dateien', open: 'Nicht fertig', failed: 'Braucht Sie', done: 'Geprüft', left_out: 'Ausgelassen' },
    selected: (count) => `${files(count)} gewählt`,
    unselect: 'Auswahl aufheben',
    cancel: 'Abbrechen…',
  },

  file: {
    word: fileWord,
    caption: (done, total) => `${n(done)} / ${n(total)}`,
    captionDedup: 'gleicher Inhalt',
    captionAgain: (count) => `${parts(count)} neu`,
    strip: (done, total, sending, failed) =>
      `${n(done)} von ${parts(total)} fertig, ${sending ? 'gerade unterwegs' : 'nichts unterwegs'}, ${failed ? 'einige fehlgeschlagen' : 'keine Fehler'}`,
    stripDedup: 'Derselbe Inhalt ist schon da, nichts zu senden',
    pause: 'Diese Datei pausieren',
    resume: 'Diese Datei fortsetzen',
    retry: 'Diese Datei wiederholen',
    processing: {
      waiting: 'Wird bald verarbeitet',
      running: 'Wird verarbeitet',
      done: 'Verarbeitet',
      failed: 'Verarbeitung fehlgeschlagen',
    },
    processingShort: { waiting: 'Wartet', running: 'Läuft', done: 'Verarbeitet', failed: 'Fehlgeschlagen' },
    processingNone: 'Keine Verarbeitung',
    retryProcessing: 'Verarbeitung wiederholen',
    cancel: 'Diese Datei abbrechen…',
    cancelTitle: (name) => `${quote(name)} abbrechen?`,
    cancelText: 'Was von dieser Datei gesendet ist, wird am Ziel entfernt. Das Original bleibt.',
    cancelYes: 'Datei abbrechen',
    menu: (name) => `Aktionen für ${plainName(name)}`,
    pausedAbove: 'Mit der Gruppe pausiert',
    details: 'Einzelheiten',
    showSource: 'Im Ordner zeigen',
    menuMany: (count) => `Aktionen für ${files(count)}`,
    pauseMany: (count) => `${files(count)} pausieren`,
    resumeMany: (count) => `${files(count)} fortsetzen`,
    retryMany: (count) => `Von ${files(count)} die fehlgeschlagenen wiederholen`,
    cancelMany: (count) => `${files(count)} abbrechen…`,
    cancelManyTitle: (count) => `${files(count)} abbrechen?`,
    cancelManyText: 'Was davon gesendet ist, wird am Ziel entfernt. Geprüfte Dateien und die Originale bleiben.',
    cancelManyYes: (count) => `${files(count)} abbrechen`,
  },

  blocked,
  blockedUnknown: (reason) => ({ short: reason.replaceAll('_', ' '), long: `Wartet: ${reason.replaceAll('_', ' ')}.` }),

  errors: errorsDe,
  errorUnknown: (code) => ({
    title: code.replaceAll('_', ' '),
    short: code.replaceAll('_', ' '),
    cause: 'Es ging nicht weiter: {who}.',
    step: 'Wiederholen. Bleibt es so, kopieren Sie die Einzelheiten und melden Sie sie.',
  }),
  error: {
    cause: 'Ursache',
    step: 'Nächster Schritt',
    retryAll: (count) => (count === 1 ? 'Wiederholen' : `Alle ${n(count)} wiederholen`),
    copy: 'Einzelheiten kopieren',
    who: (example, count) => (count <= 1 ? quote(example) : `${quote(example)} und ${s(count - 1, 'weitere', 'weitere')}`),
    someFiles: (count) => files(count),
    inboxHead: (count, causes) => `${files(count)}, ${s(causes, 'Ursache', 'Ursachen')}.`,
    inboxText: 'Gleiche Fehler stehen zusammen; alles andere geht derweil weiter.',
    fold: 'Zusammenfassen',
    byCause: 'Nach Ursache',
    byGroup: 'Nach Gruppe',
    showGroup: 'Zeigen',
    showFiles: 'Dateien zeigen',
    hideFiles: 'Dateien verbergen',
    kept: (done, total) => (done > 0 ? `${n(done)} von ${parts(total)} bleiben` : `nichts von ${parts(total)} bleibt`),
    retryOne: (name) => `${plainName(name)} wiederholen`,
    moreFiles: (count) => `und ${n(count)} weitere mit demselben Fehler`,
    times: (first, last, tries) =>
      [first === last ? `Um ${first}` : `Zuerst ${first} · zuletzt ${last}`, tries > 1 ? `${n(tries)} Versuche` : '']
        .filter(Boolean)
        .join(' · '),
    processing: (example, count) => ({
      title: 'Verarbeitung nach dem Upload fehlgeschlagen',
      cause: `Der Server konnte ${count <= 1 ? quote(example) : `${quote(example)} und ${s(count - 1, 'weitere', 'weitere')}`} nicht verarbeiten. ${count <= 1 ? 'Der Upload ist' : 'Die Uploads sind'} in Ordnung.`,
      step: 'Noch einmal verarbeiten lassen oder nicht beachten. Neu hochladen ist nicht nötig.',
    }),
    processAgain: 'Noch einmal verarbeiten',
    ignore: 'Nicht beachten',
    leaveOut: 'Auslassen',
    leaveOutTitle: (count) => `${files(count)} auslassen?`,
    leaveOutText: 'Sie werden aus ihren Gruppen genommen; was davon gesendet ist, wird am Ziel entfernt. Die Originale bleiben.',
    destinationFallback: 'das Ziel',
  },

  drop: {
    title: 'Zum Hochladen ablegen',
    what: (count, folders) => {
      const inFolders = s(folders, 'Ordner', 'Ordner');
      if (folders === 0) return files(count);
      return count > 0 ? `${files(count)} und ${inFolders}` : inFolders;
    },
    to: (dest) => `nach ${dest}`,
    esc: 'lässt los',
    newGroup: 'Neue Gruppe',
    newGroupText: 'Überall neben einer Gruppe abzulegen tut dasselbe.',
    here: (what) => `${what} hier hinzufügen`,
    closed: 'Nimmt nichts mehr an; das macht eine neue Gruppe',
  },

  relaunch: {
    title: (count) => `${groups(count)} ${count === 1 ? 'wurde' : 'wurden'} unterbrochen`,
    crashed: (at) => (at ? `Windlass endete um ${at} ohne Vorwarnung.` : 'Windlass endete ohne Vorwarnung.'),
    quit: (at) => (at ? `Windlass wurde um ${at} geschlossen.` : 'Windlass wurde geschlossen.'),
    safe: (count, bytes) => `Alles, was davor bestätigt war, ist sicher: ${files(count)}, ${bytes}.`,
    again: (bytes) => `Nur was unterwegs war, wird neu gesendet: höchstens ${bytes}.`,
    nothingAgain: 'Nichts muss neu gesendet werden.',
    asking: 'Die Ziele werden noch befragt…',
    confirmed: (count, bytes) => `${files(count)} am Ziel bestätigt, ${bytes}`,
    finding,
    resumeAll: 'Alle fortsetzen',
    resume: 'Fortsetzen',
    startOver: 'Von vorn',
    discard: 'Verwerfen',
    priceResume: (bytes) => `Fortsetzen: noch ${bytes}`,
    priceStartOver: (bytes) => `Von vorn: bis zu ${bytes} neu`,
    priceDiscard: (count) =>
      count > 0
        ? `Verwerfen: entfernt Unfertiges; ${files(count)} ${count === 1 ? 'bleibt' : 'bleiben'}`
        : 'Verwerfen: entfernt, was davon da ist',
    startOverTitle: (name) => `${quote(name)} von vorn beginnen?`,
    startOverText: (bytes) =>
      `Gespeicherte Teile unfertiger Dateien werden vergessen und neu gesendet, bis zu ${bytes}. Geprüfte Dateien bleiben.`,
    discardTitle: (name) => `${quote(name)} verwerfen?`,
    discardText: 'Unfertige Dateien werden abgebrochen, ihre Teile am Ziel entfernt. Geprüfte Dateien und Ihre Originale bleiben.',
    foot: 'Nichts bewegt sich, bevor Sie antworten. Ihre Originale werden nie angerührt.',
    answered: { resume: 'Wird fortgesetzt…', start_over: 'Beginnt von vorn…', discard: 'Wird verworfen…' },
  },

  receipt: {
    title: (group) => `Beleg: ${plainName(group)}`,
    sealTitle: (count) => `${files(count)} am Ziel nachgewiesen`,
    sealText: 'Größe und Prüfsumme dort stimmen mit Ihren Originalen überein.',
    emptyTitle: 'Keine Datei dieser Gruppe ist nachgewiesen',
    uploaded: 'Hochgeladen',
    result: { uploaded: 'Hochgeladen', deduplicated: 'Schon da', unchanged: 'Unverändert' },
    proof: { crc64nvme: 'CRC64 am Speicher', sha256: 'SHA-256 am Speicher', read_back: 'Zurückgelesen' },
    files: 'Dateien',
    size: 'Größe',
    destination: 'Ziel',
    finished: 'Letzte Datei',
    list: 'Dateien des Belegs',
    path: 'Datei',
    how: 'Nachweis',
    sum: 'Prüfsumme',
    verify: 'Jetzt prüfen',
    verifying: 'Das Ziel wird befragt…',
    verified: (count, at) => `${files(count)} um ${at} neu befragt: alle stimmen.`,
    verifyFailed: (count) => `${s(count, 'Datei stimmt', 'Dateien stimmen')} nicht mehr. Löschen Sie die Originale nicht.`,
    show: 'Am Ziel zeigen',
    inHistory: 'Im Verlauf öffnen',
    loading: 'Die Nachweise werden gesammelt…',
  },

  settings: {
    title: 'Einstellungen',
    pages: 'Seiten der Einstellungen',
    destinations: 'Ziele',
    appearance: 'Darstellung',
    notifications: 'Mitteilungen',
    add: 'Ziel hinzufügen…',
    addTitle: 'Ein Ziel hinzufügen',
    addSave: 'Prüfen und sichern',
    edit: 'Bearbeiten…',
    editTitle: (name) => `${quote(name)} bearbeiten`,
    editKey: 'Lassen Sie beide Schlüssel leer, um die gespeicherten zu behalten.',
    makeDefault: 'Ab jetzt für abgelegte Dateien benutzen',
    isDefault: 'Standard',
    setDefault: 'Als Standard',
    check: 'Jetzt prüfen',
    remove: 'Entfernen…',
    removeTitle: (name) => `${quote(name)} entfernen?`,
    removeText: 'Windlass vergisst das Ziel und seinen Schlüssel. Was dort liegt, bleibt.',
    removeYes: 'Entfernen',
    menu: (name) => `Aktionen für ${plainName(name)}`,
    none: 'Noch kein Ziel. Vorher können abgelegte Dateien nirgends hin.',
    theme: 'Farben',
    themeText: 'System folgt der hellen oder dunklen Einstellung dieses Computers.',
    language: 'Sprache',
    languageText: 'Wirkt sofort.',
    system: 'System',
  },
};
