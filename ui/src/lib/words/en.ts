/** English: the source. Other languages have the type of this. */
import type { Accepts, BlockedReason, FileWord, Finding, FindingKind, GroupWord } from '../contract';
import { aroundEn } from './around.en';
import { deskEn } from './desk.en';
import { settingsEn } from './settings.en';
import { watchEn } from './watch.en';
import { errorsEn } from './errors.en';
import { keyboardEn } from './keyboard.en';
import { outsideEn } from './outside.en';
import { formats, timeLeft } from './format';
import { plainName } from './name';
import type { CheckWords, WhyWords } from './words';

const f = formats('en-GB');
const n = f.count;
const s = (count: number, one: string, many = `${one}s`) => `${n(count)} ${count === 1 ? one : many}`;
const files = (count: number) => s(count, 'file');
const parts = (count: number) => s(count, 'part');
const quote = (name: string, most?: number) => `“${plainName(name, most)}”`;
/** Files of a finding, by name when it is one. */
const which = (found: Finding) => (found.files === 1 && found.example ? quote(found.example) : files(found.files));

const groupWord: Record<GroupWord, string> = {
  waiting: 'Waiting',
  preparing: 'Preparing',
  uploading: 'Uploading',
  finishing: 'Finishing',
  paused: 'Paused',
  interrupted: 'Interrupted',
  needs_you: 'Needs you',
  done: 'Done',
  done_left_out: 'Done',
  cancelled: 'Cancelled',
  cleaning_up: 'Cleaning up',
};

const fileWord: Record<FileWord, string> = {
  waiting: 'Waiting',
  preparing: 'Preparing',
  uploading: 'Uploading',
  finishing: 'Finishing',
  verified: 'Verified',
  already_there: 'Already there',
  unchanged: 'Unchanged',
  skipped: 'Skipped',
  changed: 'Changed',
  needs_you: 'Needs you',
  failed: 'Failed',
  paused: 'Paused',
  cancelled: 'Cancelled',
};

const blocked: Record<BlockedReason, WhyWords> = {
  user: { short: 'Paused by you', long: 'Paused by you.' },
  question: { short: 'Your answer', long: 'Waits for your answer.' },
  offline: { short: 'Offline', long: 'Offline. Goes on by itself when the network is back.' },
  metered: { short: 'Metered network', long: 'Paused on a metered network.' },
  battery: { short: 'On battery', long: 'Paused on battery.' },
  power_saver: { short: 'Saving power', long: 'Paused while this computer saves power.' },
  schedule: { short: 'Schedule', long: 'Waiting for the schedule.' },
  destination_down: { short: 'No answer', long: 'The destination does not answer. It is tried again by itself.' },
  destination_slow_down: { short: 'Asked to wait', long: 'The destination asks to slow down. Goes on by itself.' },
  storage_full: { short: 'Destination full', long: 'The destination is full. Make room there; it goes on by itself.' },
  signed_out: { short: 'Key refused', long: 'The destination refuses the stored key. Check it in Settings.' },
  disk_missing: { short: 'Disk not there', long: 'The disk of the files is not connected. Nothing is lost.' },
  queue_disk_full: { short: 'Disk full', long: 'This computer’s disk is full. Free some space; nothing is lost.' },
  file_missing: { short: 'Files gone', long: 'Files are not where they were.' },
  locked_file: { short: 'In use', long: 'Files are in use by another app. They go on by themselves.' },
  following: { short: 'Same content', long: 'The same content is on its way from elsewhere.' },
};

const checks: Record<string, CheckWords> = {
  reachable: { name: 'Reachable', ok: () => 'Answers' },
  key: { name: 'Key', ok: () => 'Key and secret are right' },
  bucket: { name: 'Bucket', ok: () => 'The bucket is there' },
  clock: { name: 'Clock', ok: () => 'Clocks agree', warning: (d) => `The clocks differ: ${d}` },
  create: { name: 'Begin an upload', ok: () => 'Can make uploads there' },
  write: { name: 'Write', ok: () => 'Can write there' },
  complete: { name: 'Finish an upload', ok: () => 'Can finish uploads' },
  read_back: { name: 'Read back', ok: () => 'Test file read back and equal' },
  remove: { name: 'Remove the test file', ok: () => 'Test file removed again' },
  free_space: {
    name: 'Free space',
    ok: (d) => (/^\d+$/.test(d) ? `${f.bytes(Number(d))} free` : d ? `${d} free` : 'Enough room'),
    warning: (d) => (/^\d+$/.test(d) ? `Only ${f.bytes(Number(d))} free` : `Little room: ${d}`),
  },
  same_disk: {
    name: 'Disk',
    ok: () => 'On another disk than your files',
    warning: () => 'This is on the same disk as your files. It is a copy, not a backup.',
  },
  largest_file: {
    name: 'Largest file',
    ok: () => 'Files of any size fit',
    warning: (d) => `How this disk is formatted, it holds files up to ${f.limit(Number(d))}`,
  },
  checksums: {
    name: 'Checksums',
    ok: (d) => (d ? `Confirms checksums (${d})` : 'Confirms checksums'),
    warning: () => 'Can’t confirm checksums; files are read back instead',
  },
  encrypted: {
    name: 'Way',
    ok: () => 'The way there is encrypted',
    warning: () => 'The address is http: whoever is on the way can read the token. Use https where you can.',
  },
  sign_in: {
    name: 'Sign in',
    ok: () => 'The token is taken',
    warning: () => 'The token may not delete: what you cancel stays there until the server clears it away',
  },
  place: { name: 'Destination on the server', ok: () => 'Files can go there' },
};

const finding: Record<FindingKind, (found: Finding) => string> = {
  continues: (x) =>
    x.parts > 0
      ? `${files(x.files)} under way: ${parts(x.parts)} stay, the rest follows`
      : `${which(x)} ${x.files === 1 ? 'goes on where it stood' : 'go on where they stood'}`,
  more_stored: (x) => `The destination already has ${s(x.parts, 'more part', 'more parts')} than this computer knew`,
  fewer_stored: (x) => `${parts(x.parts)} gone at the destination; sent again`,
  finishes: (x) => `Everything is there of ${which(x)}; only the end is missing`,
  was_finished: (x) => `Finished while Windlass was closed: ${which(x)}, verified just now`,
  session_gone: (x) => `The destination forgot the upload of ${which(x)}; sent from the start`,
  file_changed: (x) => `Changed on this computer since: ${which(x)}; the new version is sent from its first byte`,
  file_missing: (x) => `Gone from this computer: ${which(x)}`,
  disk_missing: (x) =>
    `${x.disk ? `Disk ${quote(x.disk, 40)}` : 'The disk'} is not connected: ${which(x)} ${x.files === 1 ? 'waits' : 'wait'} for it; nothing is lost`,
  not_started: (x) => `${files(x.files)} not begun yet`,
  abandoned_elsewhere: (x) => `Another computer left this unfinished; the same files are here: ${which(x)}`,
};

export const en = {
  ...aroundEn,
  ...deskEn,
  ...keyboardEn,
  ...settingsEn,
  ...watchEn,
  lang: 'en',
  /** The language's own name. */
  langName: 'English',
  f,
  n,
  files,
  parts,
  quote,

  outside: outsideEn,

  app: {
    name: 'Windlass',
    views: 'Views',
    transfers: 'Transfers',
    settings: 'Settings',
    attention: (count: number) => `${s(count, 'group')} ${count === 1 ? 'needs' : 'need'} you`,
    open: (count: number) => `${s(count, 'group')} not finished`,
    loading: 'Opening the queue…',
    broken: 'The queue can’t be shown',
    tryAgain: 'Try again',
    close: 'Close',
    cancel: 'Cancel',
    keep: 'Keep',
    more: 'More actions',
    copied: 'Copied',
  },

  rate: {
    all: 'All transfers',
    history: 'Rate over the last five minutes',
    pauseAll: 'Pause everything',
    resumeAll: 'Resume everything',
    left: (range: string) => `${range} left`,
    held: (percent: string) => `Held at ${percent}`,
    paused: 'Everything is paused',
    pausedUntil: (at: string) => `Paused until ${at}`,
    idle: 'Nothing to send',
    working: 'Working out the time',
    of: 'of',
    progress: (percent: string, amount: string) => `${percent}, ${amount}`,
  },

  eta(eta: { low_s: number; high_s: number }, now: number): string {
    const left = timeLeft(eta);
    switch (left.kind) {
      case 'minute':
        return 'under 1 min';
      case 'minutes':
        return left.low === left.high ? `${left.low} min` : `${left.low}–${left.high} min`;
      case 'hours':
        return left.low === left.high ? `about ${left.low} h` : `about ${left.low}–${left.high} h`;
      case 'unsteady':
        return left.hours > 0 ? `over ${left.hours} h` : `over ${left.minutes} min`;
      case 'until':
        return `until ${f.weekday(now + left.low * 1000)}–${f.clock(now + left.high * 1000)}`;
    }
  },

  destination: {
    none: 'No destination yet',
    choose: 'Choose one to start',
    ready: 'Ready',
    label: (name: string, state: string) => `Destination: ${name}, ${state}`,
    kind: { folder: 'Folder', s3: 'S3 bucket', server: 'Windlass server' },
    folderTitle: 'This computer or NAS folder',
    folderText: 'A folder on this disk, an external disk or a network share.',
    s3Title: 'My S3 bucket',
    s3Text: 'Amazon S3, Garage, Ceph, R2 and others. Needs a key pair.',
    serverTitle: 'Windlass server',
    serverText: 'A server of your team. Needs its address and a sign-in or a token.',
    token: 'Token',
    tokenStays: 'the stored one stays',
    place: 'Destination on the server',
    placeLater: 'the test shows what there is',
    keepToken: 'Keep the token in',
    folder: 'Folder',
    chooseFolder: 'Choose folder…',
    name: 'Name',
    endpoint: 'Address',
    region: 'Region',
    bucket: 'Bucket',
    prefix: 'Folder in the bucket',
    optional: 'may be empty',
    accessKey: 'Access key',
    secretKey: 'Secret key',
    pathStyle: 'Bucket in the path (most servers other than Amazon)',
    folderMarkers: 'Keep empty folders, as objects without content',
    keep: 'Keep the secret in',
    keepIn: {
      keyring: 'the keychain of this computer',
      session: 'memory, until Windlass quits',
      file: 'a file that only this account may read',
    },
    largest: 'Largest file',
    unit: 'Unit of the largest file',
    noLimit: 'no limit',
    noSize: 'Write a size above 0, like 5 or 1.5, or leave it empty.',
    refused: 'Types it refuses',
    limits: (of: Accepts) => [
      ...(of.max_bytes === null ? [] : [`files up to ${f.limit(of.max_bytes)}`]),
      ...(of.refused_types.length === 0 ? [] : [`refuses ${f.list(of.refused_types.map((t) => plainName(`.${t}`)))}`]),
      ...(of.allowed_mime === null ? [] : [`takes only ${f.list(of.allowed_mime.map((t) => plainName(t)))}`]),
    ],
    setThere: (limits: string) => `Set by who runs the server: ${limits}.`,
    checks: 'Checks',
    checking: 'Checking…',
    test: 'Test',
    checkWord: checks,
    checkFailed: (name: string, why: string) => (why.startsWith(name) ? why : `${name}: ${why}`),
    /** What to do about a failed check in a form, where the error's own words speak of a destination that is there. */
    checkNext: {
      storage_credentials: 'Look at key and secret once more, letter by letter, then test again.',
      bucket_missing: 'Look at the bucket’s name and the region, then test again.',
      connection_refused: 'Look at the address and its port, then test again.',
      host_not_found: 'Look at the address, letter by letter, then test again.',
      proxy_unreachable: 'Look at the proxy’s address, here or under Settings, Network, then test again.',
      proxy_auth: 'Look at the proxy’s name and password, here or under Settings, Network, then test again.',
      token_expired: 'Sign in again, or enter another token.',
      unauthenticated: 'Sign in again, or enter another token.',
    } as Partial<Record<string, string>>,
    noKeychain: 'This computer has no keychain. Keep the secret in memory until you quit?',
    keychainLocked: 'The keychain is locked and took no secret. Keep it in memory until you quit?',
    inMemory: 'Yes, in memory',
    outcome: { ok: 'passed', warning: 'passed with a warning', failed: 'failed' },
  },

  signIn: {
    signIn: 'Sign in',
    at: (host: string) => `You sign in to this server at ${host}.`,
    begin: 'Sign in with the browser',
    byToken: 'Use a token instead',
    enter: 'Your browser opens. Compare or enter this code there:',
    open: 'Open this address in a browser, here or on another device, and enter the code:',
    copy: 'Copy code',
    waiting: 'Waiting for you in the browser…',
    again: 'Open the browser again',
    done: (who: string) => `Signed in as ${who}`,
    other: 'Sign in as somebody else',
    late: 'The code was not used in time.',
    refused: 'The sign-in was refused.',
    away: 'The server can’t reach where people sign in. Try again later.',
  },

  elsewhere: {
    title: 'Left by your other computers',
    text: 'Uploads that were begun elsewhere and stand still for more than an hour. The same files dropped here are uploaded anew.',
    facts: (count: number, done: number, total: number, destination: string, at: number) =>
      `${files(count)}, ${f.bytes(done)} of ${f.bytes(total)} at ${destination}, last seen ${f.stamp(at)}`,
    leftAt: (ago: string, percent: number) => `Another of your computers left this ${ago} at ${n(percent)} %.`,
    finish: 'Finish it here…',
    finishHint: 'Choose the same files or folder: they arrive from here, and nothing is doubled.',
    leave: 'Leave it',
    later: (at: string) => `Can be discarded from ${at}`,
    discard: 'Discard',
    discardTitle: (name: string) => `Discard ${quote(name)}?`,
    discardText: 'What is unfinished of it is removed from the server. Files that arrived stay.',
  },

  firstRun: {
    title: 'Where should your files go?',
    text: 'Windlass keeps track of every part of every file, so an upload never loses ground, not even after a crash. You can change this later in Settings.',
    choices: 'Destination',
    promise: 'Nothing leaves this computer before you drop the first file.',
    later: 'Not now',
    start: 'Start',
    stepsLabel: 'Steps to the first proved file',
    steps: ['Destination', 'First files', 'Proved'],
  },

  transfers: {
    title: 'Transfers',
    filter: 'Filter',
    filters: { all: 'All', moving: 'Moving', attention: 'Needs you', finished: 'Finished' },
    add: 'Add files',
    addFiles: 'Choose files…',
    addFolder: 'Choose folder…',
    addHere: 'Add files to this group…',
    addFolderHere: 'Add a folder to this group…',
    paste: 'Paste',
    emptyTitle: 'Drop files or folders here',
    emptyText: (dest: string | null) =>
      dest
        ? `They go to ${dest}. Every part that arrives is written down; nothing is sent twice.`
        : 'Choose a destination first, in Settings.',
    noneMoving: 'Nothing moves just now.',
    noneAttention: 'Nothing needs you.',
    noneFinished: 'Nothing has finished yet.',
    earlier: (count: number) => `${s(count, 'group')} finished earlier`,
    earlierText: (count: number, bytes: string) => `${files(count)}, ${bytes}`,
    showReceipts: 'Show receipts',
  },

  group: {
    word: groupWord,
    leftOut: (count: number) => `${n(count)} left out`,
    needCount: (count: number) => (count === 1 ? '1 needs you' : `${n(count)} need you`),
    filesOf: (done: number, total: number) => `${n(done)} of ${files(total)}`,
    filesShort: (done: number, total: number) => `${n(done)} of ${n(total)}`,
    alreadyThere: (count: number) => `${n(count)} already there`,
    scanning: (total: number) => `${files(total)} so far`,
    growing: (count: number) => `${n(count)} still being written`,
    left: 'Left',
    sending: 'Sending',
    finishing: 'Finishing',
    filesHead: 'Files',
    why: 'Why',
    size: 'Size',
    ended: 'Finished',
    filesPerSecond: (rate: number) => `${f.decimal(rate)} files/s`,
    upload: 'Upload',
    processing: 'Processing',
    processingLabel: (name: string) => `Processing of ${plainName(name)}`,
    processingText: (percent: string, failed: number) => (failed > 0 ? `${percent}, ${n(failed)} failed` : percent),
    progressLabel: (name: string) => `Upload of ${plainName(name)}`,
    show: (name: string) => `Files of ${plainName(name)}`,
    pause: 'Pause group',
    resume: 'Resume group',
    pauseWord: 'Pause',
    resumeWord: 'Resume',
    retry: 'Retry',
    retryFailed: (count: number) => `Retry ${files(count)}`,
    cancel: 'Cancel group…',
    remove: 'Remove from list',
    rename: 'Rename…',
    renameLabel: 'Name of the group',
    receipt: 'Receipt',
    verify: 'Verify now',
    showThere: 'Show at destination',
    menu: (name: string) => `Actions for ${plainName(name)}`,
    question: 'Answer the question about the last run first',
    needPerson: (count: number) => `${files(count)} can’t go on without you`,
    cancelTitle: (name: string) => `Cancel ${quote(name)}?`,
    cancelText: (bytes: string) =>
      `Of the ${bytes} already sent, what belongs to unfinished files is removed at the destination. Verified files stay.`,
    cancelYes: 'Cancel group',
    announce: (name: string, word: string) => `${plainName(name)}: ${word}`,
  },

  list: {
    name: 'Name',
    size: 'Size',
    parts: 'Parts',
    upload: 'Upload',
    processing: 'Processing',
    actions: 'Actions',
    foot: (total: number) => `${files(total)}, in folder order`,
    keys: { done: 'done', sending: 'sending', todo: 'to do', failed: 'failed', dedup: 'already there' },
    loading: 'Loading…',
    found: (count: number, total: number) => `${n(count)} of ${files(total)}`,
    noneFound: 'No file of this group is like that.',
    show: 'Which files',
    kinds: { all: 'All files', open: 'Not finished', failed: 'Needs you', done: 'Verified', left_out: 'Left out' },
    selected: (count: number) => `${files(count)} selected`,
    unselect: 'Select none',
    cancel: 'Cancel…',
  },

  file: {
    word: fileWord,
    caption: (done: number, total: number) => `${n(done)} / ${n(total)}`,
    captionDedup: 'same content',
    captionAgain: (count: number) => `${parts(count)} again`,
    strip: (done: number, total: number, sending: boolean, failed: boolean) =>
      `${n(done)} of ${parts(total)} done, ${sending ? 'sending now' : 'none sending'}, ${failed ? 'some failed' : 'none failed'}`,
    stripDedup: 'Same content is already there, nothing to send',
    pause: 'Pause this file',
    resume: 'Resume this file',
    retry: 'Retry this file',
    processing: { waiting: 'Processing soon', running: 'Processing', done: 'Processed', failed: 'Processing failed' },
    /** In a column that is headed by the word itself. */
    processingShort: { waiting: 'Queued', running: 'Running', done: 'Processed', failed: 'Failed' },
    processingNone: 'No processing',
    retryProcessing: 'Retry processing',
    cancel: 'Cancel this file…',
    cancelTitle: (name: string) => `Cancel ${quote(name)}?`,
    cancelText: 'What was sent of this file is removed at the destination. The original stays.',
    cancelYes: 'Cancel file',
    menu: (name: string) => `Actions for ${plainName(name)}`,
    pausedAbove: 'Paused with its group',
    details: 'Details',
    showSource: 'Show in folder',
    menuMany: (count: number) => `Actions for ${files(count)}`,
    pauseMany: (count: number) => `Pause ${files(count)}`,
    resumeMany: (count: number) => `Resume ${files(count)}`,
    retryMany: (count: number) => `Retry those of ${files(count)} that failed`,
    cancelMany: (count: number) => `Cancel ${files(count)}…`,
    cancelManyTitle: (count: number) => `Cancel ${files(count)}?`,
    cancelManyText: 'What was sent of them is removed at the destination. Verified files and the originals stay.',
    cancelManyYes: (count: number) => `Cancel ${files(count)}`,
  },

  blocked,
  /** For a reason that this version does not know. */
  blockedUnknown: (reason: string): WhyWords => ({ short: reason.replaceAll('_', ' '), long: `Waits: ${reason.replaceAll('_', ' ')}.` }),

  errors: errorsEn,
  errorUnknown: (code: string) => ({
    title: code.replaceAll('_', ' '),
    short: code.replaceAll('_', ' '),
    cause: 'It could not go on: {who}.',
    step: 'Retry. If it stays, copy the details and report them.',
  }),
  error: {
    cause: 'Cause',
    step: 'Next step',
    retryAll: (count: number) => (count === 1 ? 'Retry' : `Retry all ${n(count)}`),
    copy: 'Copy details',
    who: (example: string, count: number) => (count <= 1 ? quote(example) : `${quote(example)} and ${s(count - 1, 'other', 'others')}`),
    someFiles: (count: number) => files(count),
    inboxHead: (count: number, causes: number) => `${files(count)}, ${s(causes, 'cause')}.`,
    inboxText: 'Equal errors are folded into one; everything else goes on meanwhile.',
    fold: 'Fold',
    byCause: 'By cause',
    byGroup: 'By group',
    showGroup: 'Show',
    showFiles: 'Show files',
    hideFiles: 'Hide files',
    kept: (done: number, total: number) => (done > 0 ? `${n(done)} of ${parts(total)} kept` : `none of ${parts(total)} kept`),
    retryOne: (name: string) => `Retry ${plainName(name)}`,
    moreFiles: (count: number) => `and ${n(count)} more with the same error`,
    times: (first: string, last: string, tries: number) =>
      [first === last ? `At ${first}` : `First ${first} · last ${last}`, tries > 1 ? `tried ${n(tries)} times` : '']
        .filter(Boolean)
        .join(' · '),
    processing: (example: string, count: number) => ({
      title: 'Processing failed after upload',
      cause: `The server could not process ${count <= 1 ? quote(example) : `${quote(example)} and ${s(count - 1, 'other', 'others')}`}. ${count <= 1 ? 'The upload is' : 'The uploads are'} fine.`,
      step: 'Process again, or ignore it. No new upload is needed.',
    }),
    processAgain: 'Process again',
    ignore: 'Ignore',
    leaveOut: 'Leave out',
    leaveOutTitle: (count: number) => `Leave out ${files(count)}?`,
    leaveOutText: 'They are taken from their groups; what was sent of them is removed at the destination. The originals stay.',
    destinationFallback: 'the destination',
  },

  drop: {
    title: 'Drop to upload',
    what: (count: number, folders: number) =>
      folders > 0 ? (count > 0 ? `${files(count)} and ${s(folders, 'folder')}` : s(folders, 'folder')) : files(count),
    to: (dest: string) => `to ${dest}`,
    esc: 'to let go',
    newGroup: 'New group',
    newGroupText: 'Dropping anywhere outside a group does the same.',
    here: (what: string) => `Add ${what} here`,
    closed: 'Takes no more files; this makes a new group',
  },

  relaunch: {
    title: (count: number) => `${s(count, 'group')} ${count === 1 ? 'was' : 'were'} interrupted`,
    crashed: (at: string | null) => (at ? `Windlass stopped without warning at ${at}.` : 'Windlass stopped without warning.'),
    quit: (at: string | null) => (at ? `Windlass was closed at ${at}.` : 'Windlass was closed.'),
    safe: (count: number, bytes: string) => `Everything confirmed before that is safe: ${files(count)}, ${bytes}.`,
    again: (bytes: string) => `Only what was on its way is sent again: at most ${bytes}.`,
    nothingAgain: 'Nothing has to be sent again.',
    asking: 'Still asking the destinations…',
    confirmed: (count: number, bytes: string) => `${files(count)} confirmed at the destination, ${bytes}`,
    finding,
    resumeAll: 'Resume all',
    resume: 'Resume',
    startOver: 'Start over',
    discard: 'Discard',
    priceResume: (bytes: string) => `Resume: ${bytes} left`,
    priceStartOver: (bytes: string) => `Start over: up to ${bytes} again`,
    priceDiscard: (count: number) =>
      count > 0
        ? `Discard: removes unfinished parts; ${files(count)} ${count === 1 ? 'stays' : 'stay'}`
        : 'Discard: removes what is there of it',
    startOverTitle: (name: string) => `Start ${quote(name)} over?`,
    startOverText: (bytes: string) => `Stored parts of unfinished files are forgotten and sent again, up to ${bytes}. Verified files stay.`,
    discardTitle: (name: string) => `Discard ${quote(name)}?`,
    discardText: 'Unfinished files are cancelled and their parts removed at the destination. Verified files and your originals stay.',
    foot: 'Nothing moves before you answer. Your originals are never touched.',
    answered: { resume: 'Resuming…', start_over: 'Starting over…', discard: 'Discarding…' },
  },

  receipt: {
    title: (group: string) => `Receipt: ${plainName(group)}`,
    sealTitle: (count: number) => `${files(count)} proved at the destination`,
    sealText: 'Size and checksum there match your originals.',
    emptyTitle: 'No file of this group was proved',
    uploaded: 'Uploaded',
    result: { uploaded: 'Uploaded', deduplicated: 'Already there', unchanged: 'Unchanged' } as Record<string, string>,
    proof: { crc64nvme: 'CRC64 at the storage', sha256: 'SHA-256 at the storage', read_back: 'Read back' } as Record<string, string>,
    files: 'Files',
    size: 'Size',
    destination: 'Destination',
    finished: 'Last file',
    list: 'Files of the receipt',
    path: 'File',
    how: 'Proof',
    sum: 'Checksum',
    verify: 'Verify now',
    verifying: 'Asking the destination…',
    verified: (count: number, at: string) => `${files(count)} asked again at ${at}: all match.`,
    verifyFailed: (count: number) => `${files(count)} no longer match. Do not delete the originals.`,
    show: 'Show at destination',
    inHistory: 'Open in History',
    loading: 'Collecting the proofs…',
  },

  settings: {
    title: 'Settings',
    pages: 'Settings pages',
    destinations: 'Destinations',
    appearance: 'Appearance',
    notifications: 'Notifications',
    add: 'Add destination…',
    addTitle: 'Add a destination',
    addSave: 'Check and save',
    edit: 'Edit…',
    editTitle: (name: string) => `Edit ${quote(name)}`,
    editKey: 'Leave both keys empty to keep the stored ones.',
    makeDefault: 'Use it for drops from now on',
    isDefault: 'Default',
    setDefault: 'Make default',
    check: 'Check now',
    remove: 'Remove…',
    removeTitle: (name: string) => `Remove ${quote(name)}?`,
    removeText: 'Windlass forgets the destination and its key. What is stored there stays.',
    removeYes: 'Remove',
    menu: (name: string) => `Actions for ${plainName(name)}`,
    none: 'No destination yet. Drops can’t go anywhere before there is one.',
    theme: 'Theme',
    themeText: 'System follows the light or dark setting of this computer.',
    language: 'Language',
    languageText: 'Acts at once.',
    system: 'System',
  },
};

export type Words = typeof en;
