/** Deutsch: was in den Einstellungen gewählt wird, neben around.de.ts und desk.de.ts. */
import { plainName } from './name';
import type { settingsEn } from './settings.en';

export const settingsDe: typeof settingsEn = {
  choices: {
    reset: 'Zurücksetzen',
    resetLabel: (page) => `${page} zurücksetzen`,
    resetDone: (page) => `${page}: alles wie zu Beginn.`,
    undo: 'Rückgängig',
    themes: { system: 'System', light: 'Hell', dark: 'Dunkel', contrast: 'Hoher Kontrast' },
    density: 'Dichte',
    densityText: 'Kompakt zeigt mehr Zeilen auf einmal.',
    densities: { comfortable: 'Luftig', compact: 'Kompakt' },
    motion: 'Bewegung',
    motionText: 'Reduziert: nichts gleitet, Balken und Zustände wechseln sofort.',
    motions: { system: 'System', reduced: 'Reduziert' },
    share: 'Kleine Dateien zuerst',
    shareText: 'Ihr Anteil an der Leitung, solange auch große warten; ohne kleine gehört sie ganz den großen.',
    shareOf: (percent) => `${percent} %`,
    unit: 'Einheit der Geschwindigkeit',
    unitText: 'Ein Byte hat acht Bit: 10 MB/s sind 80 Mbit/s. Größen bleiben in Byte.',
    units: { bytes: 'MB/s', bits: 'Mbit/s' },
    limitIn: (unit) => `Grenze in ${unit}`,
    duplicates: 'Dateien, die schon da sind',
    duplicatesText: 'Was die Prüfung mit denen tut, die dieser Computer am Ziel geprüft hat.',
    duplicateChoices: { ask: 'Fragen', skip: 'Verweisen', leave_out: 'Weglassen' },
    closing: 'Fenster schließen',
    closingText: 'In der Symbolleiste wird weiter übertragen. Beenden fragt, solange etwas offen ist; das geht beim nächsten Mal weiter.',
    closings: { tray: 'In die Symbolleiste', quit: 'Beendet' },
    telemetry: 'Telemetrie',
    telemetryText: 'Windlass spricht mit Ihren Zielen und sonst mit niemandem. Dafür gibt es keinen Schalter.',
    telemetryNone: 'Keine',
    level: 'Was ins Protokoll kommt',
    levelText: 'Ausführlich nennt Dateien und Ordner. Das Paket lässt solche Zeilen weg.',
    levels: { normal: 'Normal', problems: 'Nur Probleme', detailed: 'Ausführlich' },
    days: 'Protokolle behalten',
    daysText: 'Eine Datei je Tag; ältere werden entfernt.',
    daysOf: (days) => `${days} Tage`,
    stillUsed: (name, groups, watches) =>
      groups > 0
        ? `${groups} ${groups === 1 ? 'Gruppe geht' : 'Gruppen gehen'} noch nach ${plainName(name, 60)}. Zuerst abbrechen oder woandershin schicken.`
        : `${watches} ${watches === 1 ? 'überwachter Ordner schickt' : 'überwachte Ordner schicken'} nach ${plainName(name, 60)}. Zuerst ein anderes Ziel wählen.`,
    uses: (groups, watches) =>
      [
        groups > 0 ? `${groups} ${groups === 1 ? 'Gruppe geht' : 'Gruppen gehen'} hierher` : '',
        watches > 0 ? `${watches} ${watches === 1 ? 'überwachter Ordner' : 'überwachte Ordner'}` : '',
      ]
        .filter((part) => part !== '')
        .join(' · '),
    since: (when) => `seit ${when}`,
    room: (free, total, quota) =>
      quota ? `${free} übrig${total === null ? '' : ` von Ihren ${total}`}` : `${free} frei${total === null ? '' : ` von ${total}`}`,
  },
};
