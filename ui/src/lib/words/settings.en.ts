/** English: what may be chosen in the settings, beside what around.en.ts and desk.en.ts have of it. */
import { plainName } from './name';

export const settingsEn = {
  choices: {
    reset: 'Reset',
    resetLabel: (page: string) => `Reset ${page}`,
    resetDone: (page: string) => `${page}: all as it came.`,
    undo: 'Undo',
    themes: { system: 'System', light: 'Light', dark: 'Dark', contrast: 'High contrast' },
    density: 'Density',
    densityText: 'Compact shows more rows at once.',
    densities: { comfortable: 'Comfortable', compact: 'Compact' },
    motion: 'Motion',
    motionText: 'Reduced: nothing glides, bars and states change at once.',
    motions: { system: 'System', reduced: 'Reduced' },
    share: 'Small files first',
    shareText: 'Their share of the line while large files wait too; without small files all of it is for the large ones.',
    shareOf: (percent: number) => `${percent} %`,
    unit: 'Unit of speed',
    unitText: 'A byte has eight bits: 10 MB/s are 80 Mbit/s. Sizes stay in bytes.',
    units: { bytes: 'MB/s', bits: 'Mbit/s' },
    limitIn: (unit: string) => `Limit in ${unit}`,
    duplicates: 'Files that are there already',
    duplicatesText: 'What the check does with those that this computer has proved at the destination.',
    duplicateChoices: { ask: 'Ask', skip: 'Point to them', leave_out: 'Leave out' },
    closing: 'Closing the window',
    closingText: 'In the tray, uploads go on. Quitting asks while something is left to do; it goes on next time.',
    closings: { tray: 'To the tray', quit: 'Quits' },
    telemetry: 'Telemetry',
    telemetryText: 'Windlass talks to your destinations and to nobody else. There is no switch for it.',
    telemetryNone: 'None',
    level: 'What goes to the log',
    levelText: 'Detailed names files and folders. The bundle leaves such lines out.',
    levels: { normal: 'Normal', problems: 'Problems only', detailed: 'Detailed' },
    days: 'Keep logs',
    daysText: 'A file a day; older ones are removed.',
    daysOf: (days: number) => `${days} days`,
    stillUsed: (name: string, groups: number, watches: number) =>
      groups > 0
        ? `${groups} ${groups === 1 ? 'group still goes' : 'groups still go'} to ${plainName(name, 60)}. Cancel or move ${groups === 1 ? 'it' : 'them'} first.`
        : `${watches} watched ${watches === 1 ? 'folder sends' : 'folders send'} to ${plainName(name, 60)}. Send ${watches === 1 ? 'it' : 'them'} elsewhere first.`,
    uses: (groups: number, watches: number) =>
      [
        groups > 0 ? `${groups} ${groups === 1 ? 'group goes' : 'groups go'} here` : '',
        watches > 0 ? `${watches} watched ${watches === 1 ? 'folder' : 'folders'}` : '',
      ]
        .filter((part) => part !== '')
        .join(' · '),
    since: (when: string) => `since ${when}`,
    room: (free: string, total: string | null, quota: boolean) =>
      quota ? `${free} left${total === null ? '' : ` of your ${total}`}` : `${free} free${total === null ? '' : ` of ${total}`}`,
  },
};
