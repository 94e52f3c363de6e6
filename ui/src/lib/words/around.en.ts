/** English: network, power, the schedule, and what is told outside the window. */
import type { Around } from '../contract';
import { formats } from './format';
import { plainName } from './name';

const f = formats('en-GB');
const named = (a: Around) => (a.network ? ` (${plainName(a.network, 40)})` : '');

export const aroundEn = {
  /** Reasons with what is known of them just now. */
  blockedNow: {
    metered: (a: Around) => `Paused on a metered network${named(a)}.`,
    battery: (a: Around) => (a.battery === null ? 'Paused on battery.' : `Paused on battery at ${a.battery} %.`),
    schedule: (a: Around) =>
      a.opens_at === null
        ? 'Waiting for the schedule: it has no open hour.'
        : `Waiting for the schedule: starts at ${f.when(a.opens_at, Date.now())}.`,
  } as Record<string, (a: Around) => string>,

  reasons: {
    why: 'Why?',
    whyLabel: (name: string) => `All reasons why ${plainName(name)} waits`,
    anyway: 'Upload anyway',
    anywayHere: 'Upload anyway here',
    always: 'Always on this network',
    changeLevel: 'Change level',
    change: 'Change',
    startNow: 'Start now',
    editSchedule: 'Edit schedule',
    tryNow: 'Try now',
    resume: 'Resume',
    resumeAll: 'Resume everything',
    checkKey: 'Enter the key again',
    edit: 'Edit the destination',
    proxy: 'Proxy settings',
    leaveDisk: 'Leave its files out',
    diskAway: (disk: string) => `Disk “${plainName(disk, 40)}” is not connected. Nothing is lost.`,
    leaveDiskTitle: (files: string, disk: string | undefined) =>
      `Leave out ${files} ${disk ? `of disk “${plainName(disk, 40)}”` : 'of the disk that is not connected'}?`,
    again: 'It is tried again by itself.',
    againSince: (when: string) => `Since ${when}; it is tried again by itself.`,
    wait: 'Wait',
    passed: (whats: string[]) => `Uploads anyway: ${whats.map((what) => what.charAt(0).toLowerCase() + what.slice(1)).join(', ')}`,
    noMore: 'No longer',
    asks: (a: Around) => `Bytes may cost money on this network${named(a)}. Upload here?`,
  },

  limits: {
    menu: 'Upload limit',
    none: 'No limit',
    other: 'Custom…',
    atMost: (rate: string) => `≤\u00a0${rate}`,
  },

  schedule: {
    page: 'Schedule',
    title: 'Week',
    text: 'Choose a pen and draw over the hours. They are those of this computer’s clock.',
    pens: { f: 'Full', l: 'Limited', n: 'No uploads' },
    penLabel: 'Pen',
    limit: 'Limit of the limited hours',
    grid: 'Hours of the week',
    days: ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'],
    short: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'],
    cell: (day: string, hour: string, pen: string) => `${day} ${hour}, ${pen}`,
    keys: 'Arrow keys move, Space draws, Shift with an arrow key draws on the way.',
    clear: 'All full',
    work: 'Keep working hours free',
    allFull: 'Every hour of the week is full.',
    range: (days: string, from: string, to: string, what: string) => `${days} ${from}–${to}: ${what}`,
    pen: { f: 'full speed', l: 'limited', n: 'no uploads' },
    now: (what: string, until: number | null) => `Now: ${what}${until === null ? '' : ` until ${f.when(until, Date.now())}`}.`,
    startNow: 'Start now',
    startNowText: 'Holds until the next change.',
  },

  network: {
    page: 'Network',
    metered: 'On metered networks',
    meteredText: 'A phone’s hotspot, a train: where bytes cost money or are counted.',
    choices: { pause: 'Pause', ask: 'Ask', ignore: 'Upload' },
    now: (a: Around) =>
      a.online === null
        ? 'This system does not tell which network it is on; nothing is held.'
        : !a.online
          ? 'There is no network just now.'
          : `Now: ${a.network ? plainName(a.network, 60) : 'a network without a name'}, ${a.metered === null ? 'not known whether it is metered' : a.metered ? 'metered' : 'not metered'}.`,
    proxy: 'Proxy',
    proxyText:
      'What uploads and sign-ins go through, unless a destination has a proxy of its own. Destinations on this computer are reached directly.',
    proxies: { system: 'System', none: 'None', manual: 'This one' },
    ownProxies: {
      all: 'as for all (Settings, Network)',
      system: 'the one of the system',
      none: 'none',
      manual: 'one of its own',
    },
    proxyAddress: 'Address',
    proxyHint: 'http://proxy.example.com:8080',
    proxyUser: 'Name, if it asks for one',
    proxyPassword: 'Password',
    proxyKept: 'kept, if there is one',
    proxyExcept: 'Not for these hosts',
    proxyExceptHint: 'example.com, .local, 10.0.0.0/8',
    proxyUse: 'Use this proxy',
    proxyUsed: 'This proxy is used from now on.',
    authorities: 'Certificates of your own',
    authoritiesText: 'An authority of your company, trusted besides the system’s own.',
    authoritiesChoose: 'Choose a file…',
    authoritiesRemove: 'Remove',
    authoritiesUsed: 'It is believed from now on.',
    trusted: 'Trusted networks',
    trustedText: 'Never taken for metered.',
    noTrusted: 'None yet. “Always on this network” adds one.',
    trust: 'Trust this network',
    forget: (name: string) => `Forget ${plainName(name, 60)}`,
    forgetWord: 'Forget',
  },

  power: {
    page: 'Power',
    battery: 'Pause on battery',
    batteryText: 'Uploads wait while the battery is lower than this, and go on when it is charged.',
    never: 'Never',
    below: (percent: number) => `Under ${percent} %`,
    always: 'At any level',
    saver: 'Pause in power-saver mode',
    saverText: 'While this computer saves power.',
    awake: 'Keep the computer awake',
    awakeText: 'Only while bytes move; let go at once after.',
    awakes: { mains: 'On mains', uploading: 'Always', never: 'Never' },
    now: (a: Around) =>
      a.on_battery === null
        ? 'This system does not tell about its power; nothing is held.'
        : a.on_battery
          ? `On battery${a.battery === null ? '' : `, ${a.battery} %`}${a.saver ? ', saving power' : ''}.`
          : `On mains${a.saver ? ', saving power' : ''}.`,
  },

  notify: {
    title: 'Tell me outside the window',
    text: 'Never while the window has the focus, and never twice. What heals by itself is told after 15 minutes.',
    levels: { none: 'Never', quiet: 'Quiet', normal: 'Normal', all: 'All' },
    about: {
      none: 'Nothing is told.',
      quiet: 'What needs you, groups with something left out, a destination that is down for an hour.',
      normal: 'Ends of groups, what needs you, and what holds uploads for 15 minutes.',
      all: 'All of it, at once.',
    },
    sound: 'Sounds',
    refused: 'This desktop shows no notifications. The tray and this window tell the same.',
    soundText: 'The desktop’s own sound for a finished transfer.',
    summary: 'Watched folders',
    summaryText: 'What they brought, when all of it arrived.',
    summaries: { hourly: 'Once an hour', each: 'Each batch' },
  },
};
