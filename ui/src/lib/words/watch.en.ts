/** English: watched folders. */
import type { After, GroupRule, WatchFileView, WatchState, WatchVerdict, Why } from '../contract';
import { formats } from './format';
import { plainName } from './name';
import { type Said, strong } from './said';

const f = formats('en-GB');
const n = f.count;
const s = (count: number, one: string, many = `${one}s`) => `${n(count)} ${count === 1 ? one : many}`;
const files = (count: number) => s(count, 'file');
const quote = (text: string) => `“${plainName(text, 80)}”`;
const seconds = (ms: number | null) => `${n(Math.round((ms ?? 0) / 1000))}\u00a0s`;

type Fact = Pick<WatchFileView, 'detail' | 'size' | 'settle_ms' | 'verdict'>;

const why: Record<Why, (x: Fact) => Said> = {
  growing: (x) => [strong('Still growing'), `, ${f.bytes(x.size)} so far. Uploads once it stands still for ${seconds(x.settle_ms)}.`],
  settling: (x) => [strong('Stands still'), `. Uploads after ${seconds(x.settle_ms)} of it.`],
  in_use: (x) => [strong('Open in another program'), `. Uploads ${seconds(x.settle_ms)} after it is closed.`],
  never_still: () => [strong('Changing for more than 10 minutes'), '. Send it anyway, or leave it out by a rule.'],
  other_name: () => [strong('Renamed on its way'), '. What goes has its older name.'],
  queued: (x) => [strong('Stood still'), ', no program holds it open.', x.verdict === 'waiting' ? ' In the queue.' : ''],
  uploaded: () => ['Verified at the destination.'],
  deduplicated: () => [strong('Same content'), ' was there already. Nothing was sent.'],
  new_version: () => ['It changed after its first upload; the new version was sent beside it.'],
  same_content: () => ['Touched, but its content is the one that was verified. Nothing was sent.'],
  renamed: (x) => ['Verified as ', strong(quote(x.detail)), '; renaming is no new upload.'],
  removed_there: () => [strong('Removed at the destination'), ' after it was verified. It is not sent again by itself.'],
  temp_name: (x) => ['The name of an unfinished file, ', strong(quote(x.detail)), '. Windlass looks again when it is renamed.'],
  junk: () => ['A file that ', strong('systems leave behind'), '.'],
  hidden: () => [strong('Hidden'), '. The rules leave hidden files out.'],
  excluded: (x) => ['Rule of yours: ', strong(`leave out ${quote(x.detail)}`), '.'],
  not_included: (x) => ['Rule of yours: ', strong(`only ${quote(x.detail)}`), '.'],
  too_small: (x) => ['Rule of yours: ', strong(`smaller than ${f.bytes(Number(x.detail))}`), '.'],
  too_large: (x) =>
    Number.isFinite(Number(x.detail))
      ? ['Rule of yours: ', strong(`larger than ${f.bytes(Number(x.detail))}`), '.']
      : [strong('Too large'), ' for one upload.'],
  too_old: (x) => ['Rule of yours: ', strong(`changed more than ${s(Number(x.detail), 'day')} ago`), '.'],
  too_deep: (x) => ['Rule of yours: ', strong(`no deeper than ${s(Number(x.detail), 'subfolder')}`), '.'],
  too_large_there: (x) => [strong(`Larger than ${f.limit(Number(x.detail))}`), ', which is the most that the destination takes.'],
  type_refused: (x) => [strong(`The destination refuses ${plainName(x.detail)}`), ' files.'],
  not_regular: () => [strong('Not a file'), ': a link, a pipe, a socket or a device.'],
  odd_name: () => [strong('Its name'), ' can’t be carried to the destination.'],
  was_there: () => [strong('It was there before'), ' the folder was watched.'],
  cancelled: () => [strong('Cancelled'), ': its upload was stopped.'],
  failed: () => [strong('Its upload failed'), '.'],
  unreadable: (x) => [strong('It can’t be read'), `: ${plainName(x.detail, 120)}`],
  anyway: () => [strong('You said so'), ': it goes whatever holds it.'],
  absent: () => [strong('There is no such file'), '; its name would be taken.'],
};

export const watchEn = {
  watch: {
    title: 'Watched folders',
    short: 'Watched',
    add: 'Watch a folder',
    none: 'No folder is watched yet',
    noneText: 'Choose a folder; what is in it and what comes into it is uploaded by itself, once, whole.',
    note: 'Folders are watched for changes and looked through in full every 15 minutes, so nothing is missed after sleep or a lost event.',
    list: 'Watched folders',
    files: 'Files of the folder',
    state: {
      up_to_date: 'Up to date',
      scanning: 'Looking',
      settling: 'Settling',
      uploading: 'Uploading',
      paused: 'Paused',
      disk_missing: 'Disk not connected',
      needs_you: 'Needs you',
    } satisfies Record<WatchState, string>,
    summary: (settling: number, queued: number, failed: number) =>
      [
        settling > 0 ? `${n(settling)} settling` : '',
        queued > 0 ? `${n(queued)} in the queue` : '',
        failed > 0 ? `${n(failed)} failed` : '',
      ]
        .filter((x) => x !== '')
        .join(' · '),
    last: (when: string, today: number) => `Last file ${when} · ${n(today)} today`,
    noFiles: 'No file was uploaded yet',
    looked: (when: string) => `Looked ${when}`,
    never: 'Not looked yet',
    pause: 'Pause folder',
    resume: 'Resume folder',
    rules: 'Rules',
    menu: (name: string) => `Actions for ${plainName(name)}`,
    now: 'Look now',
    on: (name: string) => `Watch ${plainName(name, 60)}`,
    testName: 'Test a name…',
    test: {
      title: (name: string) => `Test a name in ${quote(name)}`,
      label: 'Name of a file in this folder, whether it is there or not',
      hint: 'such as 2026/clip_004.mov',
      taken: 'Would be uploaded',
      takenWhy: 'No rule leaves this name out. The file is uploaded once it stands still.',
      wrong: 'No file in this folder can have this name.',
    },
    anywayAll: 'Upload all that wait now',
    anyway: 'Upload anyway',
    anywayFile: (name: string) => `Upload anyway: ${plainName(name, 60)}`,
    remove: 'Stop watching…',
    removeTitle: (name: string) => `Stop watching ${quote(name)}?`,
    removeText: 'Files, uploads and receipts stay. What is in the queue goes on.',
    removeYes: 'Stop watching',
    same: 'It is the same folder',
    polling: {
      network: 'A network drive: looked through every minute.',
      limit: 'The system watches no more folders. Looked through every 30 seconds; raise fs.inotify.max_user_watches to change that.',
    },
    overflow: (times: number) => `${s(times, 'time')} the system lost events; each was followed by a full look.`,
    filters: 'Which files',
    filter: {
      all: 'Every file',
      settling: 'Settling',
      queued: 'In the queue',
      uploaded: 'Uploaded',
      ignored: 'Left out',
      failed: 'Failed',
    },
    search: 'Search files of this folder',
    searchHint: 'File or folder',
    nothing: 'No file is like that.',
    more: 'Show more',
    verdict: {
      settling: 'Settling',
      waiting: 'Waiting',
      uploading: 'Uploading',
      uploaded: 'Uploaded',
      deduplicated: 'Already there',
      ignored: 'Left out',
      failed: 'Failed',
    } satisfies Record<WatchVerdict, string>,
    why: (x: WatchFileView) => why[x.why](x),
    countdown: (left: number) => (left > 0 ? `in ${n(left)} s` : 'now'),
    checked: (ago: number) => (ago > 0 ? `checked ${n(ago)} s ago` : 'checked now'),
    still: 'Stands still',
    stillText: (stood: number, of: number) => `${n(stood)} of ${s(of, 'second')}`,
    gone: 'Not in the folder any more.',
    original: {
      kept: 'The original stays.',
      due: 'The original goes when all is proved.',
      gone: 'The original was taken away after its proof.',
      refused: 'The original stays: not everything bore out.',
    },
    versions: (count: number) => (count > 1 ? `${n(count)} versions` : ''),
    form: {
      title: 'Watch a folder',
      edit: (name: string) => `Rules of ${plainName(name, 60)}`,
      folder: 'Folder',
      choose: 'Choose…',
      chosen: 'No folder chosen yet',
      name: 'Name',
      destination: 'Goes to',
      include: 'Only files like',
      exclude: 'Leave out',
      patterns: 'One pattern a line, as in a .gitignore file: *.mp4, proxies/',
      smallest: 'Smallest, in MB',
      largest: 'Largest, in MB',
      age: 'Changed within, in days',
      anyAge: 'whenever',
      depth: 'Subfolders deep',
      all: 'all',
      hidden: 'Hidden files too',
      group: 'Files make one group',
      groupRule: { batch: 'when they arrive together', day: 'each day', folder: 'for each subfolder' } satisfies Record<GroupRule, string>,
      despite: 'Goes up also',
      despiteRule: { metered: 'on a metered network', battery: 'on a low battery', closed: 'when the schedule is closed' },
      settle: 'Still for, in seconds',
      after: 'After the upload',
      afterRule: {
        keep: 'Keep the original',
        move: 'Move it to a folder',
        delete: 'Put it into the trash',
      } satisfies Record<After, string>,
      afterFolder: 'Move to',
      warnMove: 'Only after the destination proved the file and while it is unchanged.',
      warnDelete:
        'Nothing will be deleted today; the first time is after the next verified upload, by the trash, and only while the file is unchanged.',
      confirm: (name: string) => `Type ${quote(name)} to turn this on`,
      there: 'Files that are there already',
      thereRule: { all: 'Upload them', new: 'Only new ones' },
      preview: (matched: number, total: number, bytes: string, more: boolean) =>
        `Matches ${n(matched)} of ${more ? 'more than ' : ''}${files(total)}, ${bytes}`,
      looking: 'Looking…',
      leftOut: 'Left out, for example:',
      save: 'Watch it',
      saveRules: 'Save rules',
    },
  },
};
