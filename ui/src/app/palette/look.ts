/** What the palette shows for what was typed: what was used last first, then what fits best. */
import type { GroupId, Snapshot } from '$lib/contract';
import { isEnded } from '$lib/queue/reduce';
import type { Around } from '../keys';
import { type Command, commands, ofGroup, type Section, toGroup } from './commands';
import { find, type Mark, wordsOf } from './match';

export interface Shown {
  command: Command;
  /** Letters of its word that were looked for, and of what it is about. */
  marks: readonly Mark[];
  about: readonly Mark[];
  /** The head above it, when it is the first of its kind. */
  head?: 'recent' | Section;
}

/** Lines at once: nobody reads more, they type another letter. */
const MOST = 50;
/** Of what was used last, without anything typed. */
const RECENT = 5;
/** Groups, without anything typed; and those whose menus are looked through when something is. */
const GROUPS = 6;
/** For what was used last, the newest the most; less than a better place of a word is worth. */
const USED = 12;

const ORDER: readonly Section[] = ['here', 'do', 'groups', 'go', 'destinations', 'settings'];

/** `here`: the group that had the focus. `used`: ids, the newest first. */
export function look(around: Around, snapshot: Snapshot, query: string, here: GroupId | null, used: readonly string[]): Shown[] {
  const words = wordsOf(query);
  return words.length === 0 ? unasked(around, snapshot, here, used) : asked(around, snapshot, words, here, used);
}

function unasked(around: Around, snapshot: Snapshot, here: GroupId | null, used: readonly string[]): Shown[] {
  const own = snapshot.groups.find((g) => g.id === here);
  const open = snapshot.groups.filter((g) => !isEnded(g.word));
  const first = new Set((open.length > 0 ? open : snapshot.groups).slice(0, GROUPS).map((g) => g.id));
  const near = [...(own ? ofGroup(around, own, 'here') : []), ...commands(around, snapshot)];
  const groups = snapshot.groups.map((g) => toGroup(around, g));
  const byId = new Map([...near, ...groups].map((c) => [c.id, c]));
  const recent = used
    .map((id) => byId.get(id))
    .filter((c) => c !== undefined)
    .slice(0, RECENT);
  const listed = [...near, ...snapshot.groups.flatMap((g, i) => (first.has(g.id) ? (groups[i] ?? []) : []))];
  const rest = ORDER.flatMap((section) => listed.filter((c) => c.section === section && !recent.includes(c)));
  const head = (c: Command, before: Command | undefined): Pick<Shown, 'head'> => (before?.section === c.section ? {} : { head: c.section });
  return [
    ...recent.map((command, i): Shown => ({ command, marks: [], about: [], ...(i === 0 ? { head: 'recent' as const } : {}) })),
    ...rest.map((command, i): Shown => ({ command, marks: [], about: [], ...head(command, rest[i - 1]) })),
  ];
}

function asked(around: Around, snapshot: Snapshot, words: string[], here: GroupId | null, used: readonly string[]): Shown[] {
  const named = snapshot.groups
    .map((group) => ({ group, hit: words.some((word) => find([word], group.name) !== null) || group.id === here }))
    .filter(({ hit }) => hit)
    .map(({ group }) => group);
  const all = [
    ...commands(around, snapshot),
    ...snapshot.groups.map((g) => toGroup(around, g)),
    ...named.slice(0, GROUPS).flatMap((g) => ofGroup(around, g, g.id === here ? 'here' : 'groups')),
  ];
  return all
    .map((command, order) => {
      const found = find(words, said(command), command.also, command.word.length);
      const at = used.indexOf(command.id);
      return found && { command, marks: found.marks, score: found.score + (at < 0 ? 0 : Math.max(1, USED - at)), order };
    })
    .filter((hit) => hit !== null)
    .sort((a, b) => b.score - a.score || a.order - b.order)
    .slice(0, MOST)
    .map(({ command, marks }) => ({ command, ...apart(command, marks) }));
}

/** A line as it is read: its word, then what it is about. */
const said = ({ word, about }: Command) => (about === undefined ? word : `${word} ${about}`);

/** Marks of the line as those of its two texts. No mark goes from the one into the other: a space is between them. */
function apart({ word }: Command, marks: readonly Mark[]): Pick<Shown, 'marks' | 'about'> {
  const start = word.length + 1;
  return {
    marks: marks.filter(([from]) => from < start),
    about: marks.filter(([from]) => from >= start).map(([from, to]): Mark => [from - start, to - start]),
  };
}
