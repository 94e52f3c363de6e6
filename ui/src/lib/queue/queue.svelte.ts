/**
 * The page's picture of the queue.
 *
 * Born with the page; subscribes, takes the snapshot, then follows deltas. Deltas that come before the snapshot wait;
 * a gap asks for a new snapshot. It decides nothing: wishes go to the program, and what comes of them arrives as deltas.
 * When the window closes it is thrown away, and the next one draws the same.
 */
import { createContext } from 'svelte';
import type { Delta, GroupId, GroupView, Notice, SettingKey, Snapshot } from '../contract';
import { type Backend, type CommandError, commandError, type DragMessage, type Message, type Place } from '../ipc/backend';
import { Choices } from './choices';
import { adopt, reduce, turns } from './reduce';
import { RowWatch } from './watch.svelte';

/** Notices on screen at once; older ones leave. */
const NOTICES = 4;

/** A message shown until it is closed. */
export interface ShownNotice extends Omit<Notice, 'group'> {
  key: number;
  group: GroupId | null;
}

export class Queue {
  /** Null until the program answered. */
  snapshot = $state.raw<Snapshot | null>(null);
  /** Why the program can't be asked. */
  broken = $state.raw<CommandError | null>(null);
  notices = $state.raw<readonly ShownNotice[]>([]);
  /** The group that ended last or needs a person, for the live region. */
  turned = $state.raw<readonly GroupView[]>([]);

  readonly backend: Backend;
  readonly rows: RowWatch;
  readonly #choices: Choices<SettingKey>;
  #generation = 0;
  #early: Delta[] = [];
  #keys = 0;

  /** A drag over the window; set by who draws it. */
  ondrag: (drag: DragMessage) => void = () => {};
  /** The program asks to show a group (a click on a notification or in the tray). */
  onshow: (group: GroupId | null) => void = () => {};
  onopen: (place: Place) => void = () => {};

  /** Something was given and is being looked at. */
  oncheck: (number: number, group: GroupId | null) => void = () => {};

  constructor(backend: Backend) {
    this.backend = backend;
    this.#choices = new Choices((key: SettingKey, value) => this.do((b) => b.setSetting(key, value)));
    this.rows = new RowWatch(
      (ranges) => backend.watchRows(ranges),
      (error) => this.#refused(error),
    );
  }

  /** Takes a snapshot and follows; also after a gap. */
  async subscribe(): Promise<void> {
    const mine = ++this.#generation;
    this.#early = [];
    this.snapshot = this.snapshot && { ...this.snapshot, seq: Number.NaN };
    try {
      const snapshot = await this.backend.subscribe((message) => {
        if (mine === this.#generation) this.#take(message);
      });
      if (mine !== this.#generation) return;
      this.broken = null;
      const taken = adopt(snapshot);
      this.snapshot = { ...taken, settings: this.#choices.over(taken.settings) };
      for (const notice of snapshot.notices) this.notify(notice);
      const early = this.#early;
      this.#early = [];
      for (const delta of early) this.#follow(delta);
      this.rows.again();
    } catch (error) {
      if (mine === this.#generation) this.broken = commandError(error);
    }
  }

  /** Does something for the person; a refusal is shown. True when it was taken. */
  async do(command: (backend: Backend) => Promise<unknown>): Promise<boolean> {
    try {
      await command(this.backend);
      return true;
    } catch (error) {
      this.#refused(error);
      return false;
    }
  }

  /** Changes a choice at once, and back when the program refuses. Null is no choice: what holds without one holds again. */
  setSetting(key: SettingKey, value: unknown): Promise<void> {
    const show = (shown: unknown) => this.#patch((s) => ({ ...s, settings: { ...s.settings, [key]: shown } }));
    const before = this.snapshot?.settings[key];
    show(value);
    return this.#choices.choose(key, value, before, show);
  }

  /**
   * Takes choices back, each behind those of its key that are on their way. Answers with what brings them again, where nothing
   * else was chosen since.
   */
  forgetSettings(keys: readonly SettingKey[]): () => void {
    const before = keys
      .map((key): [SettingKey, unknown] => [key, this.snapshot?.settings[key] ?? null])
      .filter(([, value]) => value !== null);
    for (const [key] of before) void this.setSetting(key, null);
    return () => {
      for (const [key, value] of before) if ((this.snapshot?.settings[key] ?? null) === null) void this.setSetting(key, value);
    };
  }

  /** Ends the first run, once the program has written that down. */
  async finishFirstRun(): Promise<void> {
    if (await this.do((b) => b.finishFirstRun())) this.#patch((s) => ({ ...s, first_run: false }));
  }

  /** Shows a message. */
  notify(notice: Omit<ShownNotice, 'key'>): void {
    const same = (n: ShownNotice) => n.code === notice.code && n.detail === notice.detail;
    this.notices = [...this.notices.filter((n) => !same(n)), { ...notice, key: ++this.#keys }].slice(-NOTICES);
  }

  /** Closes a message. */
  dismiss(key: number): void {
    this.notices = this.notices.filter((n) => n.key !== key);
  }

  #take(message: Message): void {
    if (message.type === 'drag') this.ondrag(message);
    else if (message.type === 'show') this.onshow(message.group);
    else if (message.type === 'open') this.onopen(message.place);
    else if (message.type === 'check') this.oncheck(message.number, message.group);
    else this.#follow(message.delta);
  }

  #follow(delta: Delta): void {
    const before = this.snapshot;
    if (!before || Number.isNaN(before.seq)) {
      this.#early.push(delta);
      return;
    }
    const reduced = reduce(before, delta);
    if (reduced.kind === 'gap') void this.subscribe();
    if (reduced.kind !== 'applied') return;
    this.snapshot = { ...reduced.snapshot, settings: this.#choices.over(reduced.snapshot.settings) };
    this.rows.changed(delta.files);
    const totals = new Map(before.groups.map((g) => [g.id, g.files.total]));
    if (delta.groups.some((g) => totals.get(g.id) !== g.files.total)) this.rows.again();
    const turned = turns(before.groups, delta);
    if (turned.length > 0) this.turned = turned;
    for (const notice of delta.notices) this.notify(notice);
  }

  #patch(change: (snapshot: Snapshot) => Snapshot): void {
    if (this.snapshot) this.snapshot = change(this.snapshot);
  }

  #refused(error: unknown): void {
    const { code, detail } = commandError(error);
    this.notify({ code, detail, group: null });
  }
}

export const [getQueue, setQueue] = createContext<Queue>();
