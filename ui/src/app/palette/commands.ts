/**
 * All that the palette can do: what the menus, the views and the keys do, and each group, destination and page by its name.
 *
 * A command leads to the same wish as the button or the key; nothing is done here that can't be done elsewhere.
 */
import type { GroupView, Snapshot } from '$lib/contract';
import type { IconName } from '$lib/kit/icons';
import type { Queue } from '$lib/queue/queue.svelte';
import { isEnded } from '$lib/queue/reduce';
import type { Filter } from '$lib/view/filter';
import { keyText, type WindowAct } from '$lib/view/keys';
import { ownLimit, quickLimits, setLimit } from '$lib/view/limit';
import { GROUP_LOOK, lookOf } from '$lib/view/signs';
import type { View } from '$lib/view/view.svelte';
import type { Words } from '$lib/words/en';
import { LANGUAGES } from '$lib/words/language.svelte';
import { plainName } from '$lib/words/name';
import { PAGES, pageWord } from '../../screens/settings/pages';
import { groupMenu } from '../../screens/transfers/groupMenu';
import { failedFiles } from '../all';
import { ACTS, type Around } from '../keys';

export type Section = 'here' | 'do' | 'go' | 'groups' | 'destinations' | 'settings';

export interface Command {
  /** Stays the same from one opening to the next. */
  id: string;
  section: Section;
  word: string;
  /** What it is about, in smaller letters. */
  about?: string;
  /** Other words by which it is found. */
  also?: string;
  icon: IconName;
  /** The sign of a group's state instead of an icon. */
  look?: ReturnType<typeof lookOf>;
  /** The key that does the same. */
  key?: string;
  danger?: boolean;
  /** It holds already. */
  on?: boolean;
  run: () => unknown;
}

/** What can be done in the window, whatever is in it. */
export function commands({ w, queue, view }: Around, snapshot: Snapshot): Command[] {
  const p = w.palette;
  const by = (act: WindowAct, section: Section, icon: IconName, word: string, also = ''): Command => ({
    id: act,
    section,
    word,
    also,
    icon,
    key: keyText(w, 'window', act),
    run: () => ACTS[act]({ w, queue, view }),
  });
  const { paused } = snapshot.totals;
  const failed = failedFiles(queue);
  const all = [
    by('files', 'do', 'file', w.transfers.addFiles, p.also.files),
    by('folder', 'do', 'folder', w.transfers.addFolder, p.also.folder),
    by('paste', 'do', 'copy', p.paste, p.also.paste),
    by('new_group', 'do', 'plus', p.newGroup, p.also.new_group),
    by('find', 'do', 'search', view.screen === 'history' ? p.searchHistory : p.search, p.also.find),
    by('pause_all', 'do', paused ? 'play' : 'pause', paused ? p.resumeAll : p.pauseAll, paused ? p.also.resume_all : p.also.pause_all),
    ...(failed > 0 ? [by('retry_all', 'do', 'retry', p.retryAll(failed), p.also.retry_all)] : []),
    by('check', 'do', 'retry', p.check, p.also.check),
    by('transfers', 'go', 'transfers', w.app.transfers, p.also.transfers),
    by('watched', 'go', 'watched', w.watch.title, p.also.watched),
    by('history', 'go', 'history', w.nav.history, p.also.history),
    by('insights', 'go', 'chart', w.nav.insights, p.also.insights),
    by('settings', 'go', 'settings', w.app.settings, p.also.settings),
    by('help', 'do', 'more', p.keys, p.also.help),
  ];
  const filters = (Object.keys(w.transfers.filters) as Filter[]).map((filter): Command => ({
    id: `filter-${filter}`,
    section: 'go',
    word: p.filter(w.transfers.filters[filter]),
    icon: 'transfers',
    run: () => {
      view.show(null);
      view.filter = filter;
    },
  }));
  return [
    ...all,
    ...filters,
    ...limits(w, queue, view, snapshot),
    ...places(w, queue, view, snapshot),
    ...settings(w, queue, view, snapshot),
  ];
}

function limits(w: Words, queue: Queue, view: View, snapshot: Snapshot): Command[] {
  const own = ownLimit(snapshot);
  const limit = (id: string, word: string, on: boolean, run: () => unknown): Command => ({
    id: `limit-${id}`,
    section: 'settings',
    word: w.palette.limit(word),
    also: w.palette.also.limit,
    icon: 'chart',
    on,
    run,
  });
  return [
    limit('none', w.limits.none, own === null, () => setLimit(queue, 0)),
    ...quickLimits().map(({ number, bytes }) => limit(`${number}`, w.f.rateLimit(bytes), own === bytes, () => setLimit(queue, bytes))),
    limit('other', w.limits.other, own !== null && quickLimits().every(({ bytes }) => own !== bytes), () => view.openSettings('speed')),
  ];
}

/** Destinations and watched folders. */
function places(w: Words, queue: Queue, view: View, snapshot: Snapshot): Command[] {
  const p = w.palette;
  const icon = (kind: string): IconName => (kind === 's3' ? 'bucket' : kind === 'server' ? 'server' : 'drive');
  const of = snapshot.destinations.flatMap((d): Command[] => {
    const about = w.destination.kind[d.kind];
    const command = (what: string, word: string, sign: IconName, run: () => unknown): Command => ({
      id: `${what}-${d.id}`,
      section: 'destinations',
      word,
      about,
      icon: sign,
      run,
    });
    return [
      command('edit', p.editOne(d.name), icon(d.kind), () => view.editDestination(d.id, false)),
      ...(d.is_default
        ? []
        : [command('default', p.defaultOne(d.name), icon(d.kind), () => queue.do((b) => b.setDefaultDestination(d.id)))]),
    ];
  });
  const look: Command[] =
    snapshot.watches.length === 0
      ? []
      : [
          {
            id: 'look',
            section: 'do',
            word: p.look,
            also: p.also.look,
            icon: 'watched',
            run: () => {
              view.screen = 'watched';
              for (const watch of snapshot.watches) void queue.do((b) => b.lookNow(watch.id));
            },
          },
        ];
  return [
    {
      id: 'add-destination',
      section: 'do',
      word: p.addDestination,
      also: p.also.add_destination,
      icon: 'plus',
      run: () => view.add('destination'),
    },
    { id: 'add-watch', section: 'do', word: p.watch, also: p.also.watch, icon: 'watched', run: () => view.add('watch') },
    ...look,
    ...of,
  ];
}

function settings(w: Words, queue: Queue, view: View, snapshot: Snapshot): Command[] {
  const p = w.palette;
  const choice = (
    key: 'theme' | 'density' | 'motion' | 'language',
    value: string,
    word: string,
    also = '',
    otherwise = 'system',
  ): Command => ({
    id: `${key}-${value}`,
    section: 'settings',
    word,
    also,
    icon: 'settings',
    on: (snapshot.settings[key] ?? otherwise) === value,
    run: () => queue.setSetting(key, value),
  });
  const tongues = [['system', w.settings.system] as const, ...[...LANGUAGES].map(([id, words]) => [id, words.langName] as const)];
  return [
    ...PAGES.map((page): Command => ({
      id: `page-${page}`,
      section: 'settings',
      word: p.page(pageWord(w, page)),
      icon: 'settings',
      run: () => view.openSettings(page),
    })),
    ...Object.entries(w.choices.themes).map(([id, word]) => choice('theme', id, p.theme(word), p.also.theme)),
    ...Object.entries(w.choices.densities).map(([id, word]) => choice('density', id, `${w.choices.density}: ${word}`, '', 'comfortable')),
    ...Object.entries(w.choices.motions).map(([id, word]) => choice('motion', id, `${w.choices.motion}: ${word}`)),
    ...tongues.map(([id, word]) => choice('language', id, p.language(word), p.also.language)),
    {
      id: 'data',
      section: 'settings',
      word: p.openData,
      also: p.also.data,
      icon: 'folder',
      run: () => queue.do((b) => b.openDataFolder()),
    },
  ];
}

/** Groups that ended long ago are not among all. */
function amongEnded(view: View, group: GroupView): void {
  if (isEnded(group.word)) view.filter = 'finished';
}

/** A group by its name: to its card. */
export function toGroup({ w, view }: Around, group: GroupView): Command {
  return {
    id: `group-${group.id}`,
    section: 'groups',
    word: plainName(group.name, 120),
    about: w.group.word[group.word],
    also: plainName(group.destination_name, 60),
    icon: 'transfers',
    look: lookOf(GROUP_LOOK, group.word),
    run: () => {
      view.show(group.id);
      amongEnded(view, group);
    },
  };
}

/** What can be done with a group: its main button, and all of its menu. */
export function ofGroup({ w, queue, view }: Around, group: GroupView, section: Section): Command[] {
  const target = { scope: 'group' as const, id: group.id };
  const about = plainName(group.name, 120);
  const rests = group.intent === 'paused';
  const can = !isEnded(group.word) && group.word !== 'cleaning_up' && group.word !== 'interrupted';
  const main: Command = {
    id: `intent-${group.id}`,
    section,
    word: rests ? w.group.resume : w.group.pause,
    about,
    icon: rests ? 'play' : 'pause',
    key: keyText(w, 'group', 'pause'),
    run: () => queue.do((b) => b.setIntent(target, rests ? 'run' : 'paused')),
  };
  const rename = () => {
    // The field takes the focus by itself, and comes into sight with it.
    view.show(null);
    [view.search, view.searching] = ['', false];
    amongEnded(view, group);
    view.renaming = group.id;
  };
  const menu = groupMenu(w, queue, view, group, rename).map((item): Command => ({
    id: `${item.testid ?? item.icon}-${group.id}`,
    section,
    word: item.word,
    about,
    icon: item.icon ?? 'more',
    ...(item.key === undefined ? {} : { key: item.key }),
    ...(item.danger ? { danger: true } : {}),
    run: item.onchoose,
  }));
  return can ? [main, ...menu] : menu;
}
