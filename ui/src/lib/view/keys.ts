/**
 * All keys of the window in one table: the page acts by it, and the page of keys, the menus and the tips are written from it.
 *
 * A chord is written 'Mod+Alt+Shift+Key'; Mod is Ctrl, and Cmd on macOS. Letters are capital, Space is 'Space', everything else
 * has the name that the browser gives it.
 */
import { STEPS } from '../kit/window';
import type { Words } from '../words/en';

/** Where a key acts: in the whole window, on the head of a group, on a file of a group, on a cause in the inbox. */
export type KeyPlace = 'window' | 'group' | 'files' | 'cause';

export type WindowAct =
  | 'files'
  | 'folder'
  | 'paste'
  | 'new_group'
  | 'palette'
  | 'find'
  | 'leave'
  | 'transfers'
  | 'watched'
  | 'history'
  | 'insights'
  | 'settings'
  | 'pause_all'
  | 'retry_all'
  | 'check'
  | 'next_pane'
  | 'previous_pane'
  | 'help';
export type GroupAct =
  'pause' | 'retry' | 'remove' | 'unfold' | 'fold' | 'next' | 'previous' | 'up' | 'down' | 'top' | 'rename' | 'merge' | 'menu';
export type FileAct = 'details' | 'pause' | 'retry' | 'remove' | 'split' | 'move' | 'stretch' | 'one' | 'all' | 'none' | 'head' | 'menu';
export type CauseAct = 'retry' | 'remove' | 'unfold' | 'fold';

interface Acts {
  window: WindowAct;
  group: GroupAct;
  files: FileAct;
  cause: CauseAct;
}

/** One line of the table. */
export interface Binding<Act extends string = string> {
  act: Act;
  /** The first is the one that is told. */
  keys: readonly string[];
  /** Instead of them on macOS. */
  mac?: readonly string[];
  /** It is told by these, when it has many. */
  told?: readonly string[];
  /** Held down it goes on; all others act once. */
  repeats?: true;
  /** Not while somebody types: the key means something there. */
  notTyping?: true;
}

export const KEYS: { readonly [Place in KeyPlace]: readonly Binding<Acts[Place]>[] } = {
  window: [
    { act: 'palette', keys: ['Mod+K'] },
    { act: 'files', keys: ['Mod+O'] },
    { act: 'folder', keys: ['Mod+Shift+O'] },
    { act: 'paste', keys: ['Mod+V'], notTyping: true },
    { act: 'new_group', keys: ['Mod+N'] },
    { act: 'find', keys: ['Mod+F'] },
    { act: 'leave', keys: ['Escape'], notTyping: true },
    { act: 'transfers', keys: ['Mod+1'] },
    { act: 'watched', keys: ['Mod+2'] },
    { act: 'history', keys: ['Mod+3'] },
    { act: 'insights', keys: ['Mod+4'] },
    { act: 'settings', keys: ['Mod+5', 'Mod+,'], told: ['Mod+5', 'Mod+,'] },
    // Cmd+Space is the system's on macOS.
    { act: 'pause_all', keys: ['Mod+Space'], mac: ['Mod+Shift+Space'], notTyping: true },
    { act: 'retry_all', keys: ['Shift+R'], notTyping: true },
    { act: 'check', keys: ['F5'], mac: ['F5', 'Mod+R'] },
    { act: 'next_pane', keys: ['F6'], repeats: true },
    { act: 'previous_pane', keys: ['Shift+F6'], repeats: true },
    { act: 'help', keys: ['F1', '?'], told: ['F1', '?'] },
  ],
  group: [
    { act: 'pause', keys: ['Space'] },
    { act: 'retry', keys: ['R'] },
    { act: 'remove', keys: ['Delete'], mac: ['Backspace', 'Delete'] },
    { act: 'unfold', keys: ['ArrowRight'] },
    { act: 'fold', keys: ['ArrowLeft'] },
    { act: 'next', keys: ['ArrowDown'], repeats: true },
    { act: 'previous', keys: ['ArrowUp'], repeats: true },
    { act: 'up', keys: ['Alt+ArrowUp'], repeats: true },
    { act: 'down', keys: ['Alt+ArrowDown'], repeats: true },
    { act: 'top', keys: ['Alt+Home'] },
    { act: 'rename', keys: ['F2'] },
    { act: 'merge', keys: ['M'] },
    { act: 'menu', keys: ['Shift+F10', 'ContextMenu'] },
  ],
  files: [
    { act: 'details', keys: ['Enter'] },
    { act: 'pause', keys: ['Space'] },
    { act: 'retry', keys: ['R'] },
    { act: 'remove', keys: ['Delete'], mac: ['Backspace', 'Delete'] },
    { act: 'split', keys: ['G'] },
    { act: 'move', keys: STEPS, told: ['ArrowUp', 'ArrowDown', 'Home', 'End'], repeats: true },
    { act: 'stretch', keys: STEPS.map((key) => `Shift+${key}`), told: ['Shift+ArrowUp', 'Shift+ArrowDown'], repeats: true },
    { act: 'one', keys: ['Shift+Space'] },
    { act: 'all', keys: ['Mod+A'] },
    { act: 'none', keys: ['Escape'] },
    { act: 'head', keys: ['ArrowLeft'] },
    { act: 'menu', keys: ['Shift+F10', 'ContextMenu'] },
  ],
  cause: [
    { act: 'retry', keys: ['R'] },
    { act: 'remove', keys: ['Delete'], mac: ['Backspace', 'Delete'] },
    { act: 'unfold', keys: ['ArrowRight'] },
    { act: 'fold', keys: ['ArrowLeft'] },
  ],
};

/** Keys with which a browser leaves the page, loads it anew or prints it: there is no browser here. */
export const BROWSERS: readonly string[] = ['F3', 'F5', 'F7', 'Mod+F5', 'Mod+G', 'Mod+P', 'Mod+R', 'Mod+S', 'Mod+Shift+R', 'Mod+U'];

export const isMac = (): boolean => /^mac/i.test(navigator.platform);

type KeyPress = Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>;

/** What a key means. */
export interface Pressed<Act> {
  act: Act;
  /** It is held down, and does nothing again. */
  again: boolean;
  /** While somebody types it means something else. */
  notTyping: boolean;
}

/** The key by its place where the layout writes something else on it: digits above letters, letters of other scripts. */
function nameOf({ key, code, ctrlKey, metaKey, shiftKey }: KeyPress): string {
  if (key === ' ' || key === 'Spacebar') return 'Space';
  if (key.length > 1) return key;
  const command = ctrlKey || metaKey;
  const digit = /^Digit(\d)$/.exec(code)?.[1];
  if (command && !shiftKey && digit && !/^\d$/.test(key)) return digit;
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  if (letter && (key.codePointAt(0) ?? 0) > 0x7f && !/\p{Script=Latin}/u.test(key)) return letter;
  return key.toUpperCase();
}

/** What was pressed, as a chord. */
export function chordOf(event: KeyPress, mac = isMac()): string {
  const name = nameOf(event);
  const [mod, other] = mac ? [event.metaKey, event.ctrlKey] : [event.ctrlKey, event.metaKey];
  // A sign that needs Shift on some layouts and not on others is that sign.
  const shift = event.shiftKey && (name.length > 1 || /[A-Z\d]/.test(name));
  return [other ? 'Other' : '', mod ? 'Mod' : '', event.altKey ? 'Alt' : '', shift ? 'Shift' : '', name].filter(Boolean).join('+');
}

/** The keys of a line on this system. */
export const keysOf = (binding: Binding, mac = isMac()) => (mac && binding.mac ? binding.mac : binding.keys);

/** What a key does in a place; null for nothing of ours. One that is held down does nothing again, unless it is made for that. */
export function actOf<Place extends KeyPlace>(event: KeyboardEvent, place: Place): Pressed<Acts[Place]> | null {
  if (event.isComposing) return null;
  const mac = isMac();
  const chord = chordOf(event, mac);
  const lines: readonly Binding<Acts[Place]>[] = KEYS[place];
  const found = lines.find((binding) => keysOf(binding, mac).includes(chord));
  return found ? { act: found.act, again: event.repeat && !found.repeats, notTyping: found.notTyping ?? false } : null;
}

export function bindingOf<Place extends KeyPlace>(place: Place, act: Acts[Place]): Binding<Acts[Place]> {
  const lines: readonly Binding<Acts[Place]>[] = KEYS[place];
  const found = lines.find((binding) => binding.act === act);
  if (!found) throw new Error(`no key for ${place} ${act}`);
  return found;
}

const SIGNS: Record<string, string> = { ArrowUp: '↑', ArrowDown: '↓', ArrowLeft: '←', ArrowRight: '→' };
const MAC: Record<string, string> = { Mod: '⌘', Alt: '⌥', Shift: '⇧', Backspace: '⌫', Enter: '⏎' };

/** The keys of a chord as they are written on a keyboard; `spoken`: as they are read out. */
export function keyCaps(w: Words, chord: string, spoken = false, mac = isMac()): string[] {
  const names: Record<string, string> = w.keyboard.names;
  // 'Mod++' is not in use: a plus never stands for itself.
  return chord.split('+').map((key) => (!spoken && ((mac && MAC[key]) || SIGNS[key])) || names[key] || key);
}

/** As it stands in a menu or a tip: 'Ctrl+K', or '⌘K'. */
export function keyText<Place extends KeyPlace>(w: Words, place: Place, act: Acts[Place]): string {
  const mac = isMac();
  const [first = ''] = keysOf(bindingOf(place, act), mac);
  return keyCaps(w, first, false, mac).join(mac ? '' : '+');
}

/** The chords by which a line is told. */
export function toldKeys(binding: Binding, mac = isMac()): readonly string[] {
  if (binding.told) return binding.told;
  return keysOf(binding, mac).slice(0, 1);
}

/** For `aria-keyshortcuts`. */
export function ariaKeys<Place extends KeyPlace>(place: Place, ...acts: Acts[Place][]): string {
  const mac = isMac();
  return acts
    .flatMap((act) => toldKeys(bindingOf(place, act), mac))
    .map((chord) => chord.replace('Mod', mac ? 'Meta' : 'Control'))
    .join(' ');
}
