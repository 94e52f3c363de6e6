/**
 * What the page may ask of the program, and what the program tells it.
 *
 * The page holds no truth: it draws snapshots and deltas, and sends wishes. Paths of dropped files never cross to it;
 * it only says into which group a drop goes. `tauri.ts` is the real one, `src/dev/backend.ts` stands in without the
 * program.
 */
import type {
  AccountFigures,
  BlockedReason,
  Delta,
  DestinationCheck,
  DestinationId,
  DiagnosticsSection,
  ElsewhereGroup,
  ErrorCode,
  FileDetails,
  FileError,
  FileId,
  FilePage,
  Find,
  FoundFiles,
  GroupId,
  HistoryAsk,
  HistoryDetails,
  HistoryPage,
  Insights,
  InTrash,
  Intent,
  NewDestination,
  Notes,
  PreflightView,
  ProvedAsk,
  PutBack,
  ReceiptForm,
  ReceiptPage,
  ReceiptView,
  Regrouped,
  RelaunchAnswer,
  Room,
  SafeView,
  SettingKey,
  Snapshot,
  Trashed,
  OwnProxy,
  WatchExplained,
  WatchId,
  WatchPage,
  WatchPreview,
  WatchQuery,
  WatchSettings,
  WatchView,
} from '../contract';

/** Rows of one group that are on screen. */
export interface RowRange {
  group: GroupId;
  offset: number;
  limit: number;
  /** Only what this finds; places count what is found then. */
  find: Find | null;
}

/** Files of a group: stretches of places (from, up to), or all that a search finds. */
export interface ChosenFiles {
  places: [number, number][] | null;
  find: Find | null;
}

/** What is done with chosen files. */
export type FileAct = 'pause' | 'resume' | 'retry' | 'cancel';

/** A folder that the person chose in the system's dialog; its number stands for it. */
export interface ChosenFolder {
  number: number;
  path: string;
}

/** A folder to be watched: by the number of its choice. */
export interface AddWatch {
  number: number;
  name: string | null;
  destination: DestinationId | null;
  settings: WatchSettings;
  /** The number of the folder where originals go. */
  movedTo: number | null;
  onlyNew: boolean;
}

/** A sign-in that waits for the person in the browser. */
export interface SignInBegun {
  number: number;
  address: string;
  code: string;
  /** Whether a browser was opened there. */
  opened: boolean;
}

/** Whether a file was written, or the person thought better of it. */
export interface Saved {
  saved: boolean;
}

/** A drag of real files over the window. x, y are CSS pixels in the window. */
export interface DragMessage {
  type: 'drag';
  phase: 'enter' | 'over' | 'leave' | 'drop';
  x: number;
  y: number;
  files: number;
  folders: number;
  bytes: number | null;
  /** Stands for the dropped paths, which stay in the program; given with `drop`. */
  handle: number | null;
}

/** Places of the page that are led to from outside. */
export type Place = 'attention' | 'settings' | 'speed' | 'watched';

/** Everything the subscription sends. */
export type Message =
  | { type: 'delta'; delta: Delta }
  | DragMessage
  | { type: 'show'; group: GroupId | null }
  | { type: 'open'; place: Place }
  /** Something was given and is being looked at; the person is asked what to do with it. */
  | { type: 'check'; number: number; group: GroupId | null };

/** What a person answered to a look. */
export interface PreflightAnswer {
  leave_unchanged: boolean;
  leave_troubled: boolean;
  leave_same_name: boolean;
  leave_growing: boolean;
  /** Paths inside the group, as the look told them. */
  leave: string[];
  name: string | null;
  /** A new group waits until it is resumed. */
  paused: boolean;
  /** Not one new group, but one for each top folder. */
  split: boolean;
}

/** What an answer is about: a look that has counted or chosen something else since is not answered by it. */
export interface PreflightSeen {
  files: number;
  destination: DestinationId | null;
}

/** What an intent or a retry is about. */
export type Scope = { scope: 'app'; id: null } | { scope: 'group' | 'file'; id: string };

/** Why a command was refused. */
export interface CommandError {
  code: ErrorCode;
  number: string;
  detail: string;
}

/** How a group's objects were found when they were asked for again. */
export interface VerifyOutcome {
  checked: number;
  failed: FileError[];
}

/** Commands; each rejects with a {@link CommandError}. */
export interface Backend {
  subscribe(onmessage: (message: Message) => void): Promise<Snapshot>;
  watchRows(ranges: RowRange[]): Promise<FilePage[]>;
  /** Once, without telling of changes. */
  listFound(range: RowRange): Promise<FilePage>;
  chooseFiles(group: GroupId | null, folders: boolean): Promise<void>;
  dropInto(handle: number, group: GroupId | null): Promise<void>;
  dropCancel(handle: number): Promise<void>;
  /** Answers how many files and folders the clipboard held. */
  pasteFiles(): Promise<number>;
  fileDetails(file: FileId, fromPart: number): Promise<FileDetails>;
  showSource(file: FileId): Promise<void>;
  actOnFiles(group: GroupId, chosen: ChosenFiles, act: FileAct): Promise<number>;
  findInGroups(text: string): Promise<[GroupId, number][]>;
  moveGroup(group: GroupId, place: number): Promise<void>;
  /** What was begun stays where it is. */
  mergeGroups(from: GroupId, into: GroupId): Promise<Regrouped>;
  splitGroup(from: GroupId, chosen: ChosenFiles, name: string | null): Promise<Regrouped>;
  undoRegroup(undo: number): Promise<Regrouped>;
  setNotes(group: GroupId, notes: Notes): Promise<void>;
  /** Null when it was answered, or has left. */
  preflight(number: number): Promise<PreflightView | null>;
  /** Looks again: for another destination, or, with null, at what was in the way. */
  preflightAgain(number: number, destination: string | null): Promise<void>;
  /** Null when more was given than was seen: it is to be looked at again. */
  preflightAccept(number: number, answered: PreflightAnswer & PreflightSeen): Promise<GroupId | null>;
  preflightCancel(number: number): Promise<void>;
  setIntent(target: Scope, intent: Intent): Promise<void>;
  /** Uploads in spite of a reason that holds now, until it ends; null: of all of them. */
  goAnyway(target: Scope, reason: BlockedReason | null): Promise<number>;
  notAnyway(target: Scope): Promise<void>;
  /** Never takes the network of now for metered again. */
  trustNetwork(): Promise<void>;
  retry(target: Scope, code: ErrorCode | null): Promise<void>;
  /** What the server failed to do with files that arrived is done again. */
  retryProcessing(target: Scope): Promise<number>;
  /** What could not be processed in a group is told no more. */
  seeProcessing(group: GroupId): Promise<void>;
  elsewhere(): Promise<ElsewhereGroup[]>;
  discardElsewhere(destination: DestinationId, group: GroupId | null): Promise<number>;
  removeGroup(group: GroupId): Promise<void>;
  renameGroup(group: GroupId, name: string): Promise<void>;
  answerRelaunch(group: GroupId | null, answer: RelaunchAnswer): Promise<void>;
  testDestination(destination: NewDestination): Promise<DestinationCheck>;
  addDestination(destination: NewDestination): Promise<DestinationCheck>;
  /** What is known of a destination; its key is empty. */
  destinationForm(id: DestinationId): Promise<NewDestination>;
  /** Null where nobody tells. */
  destinationRoom(id: DestinationId): Promise<Room | null>;
  editDestination(id: DestinationId, destination: NewDestination): Promise<DestinationCheck>;
  checkDestination(id: DestinationId): Promise<DestinationCheck>;
  removeDestination(id: DestinationId): Promise<void>;
  setDefaultDestination(id: DestinationId): Promise<void>;
  chooseDestinationFolder(): Promise<string | null>;
  finishFirstRun(): Promise<void>;
  /** The host where people sign in for a server; null where they have tokens alone. */
  signInOffer(url: string): Promise<string | null>;
  beginSignIn(url: string): Promise<SignInBegun>;
  /** Answers once the person is done. */
  waitSignIn(number: number): Promise<{ owner: string }>;
  openSignIn(number: number): Promise<void>;
  cancelSignIn(number: number): Promise<void>;
  receipt(group: GroupId): Promise<ReceiptView>;
  verifyGroup(group: GroupId): Promise<VerifyOutcome>;
  showAtDestination(group: GroupId): Promise<void>;
  chooseWatchFolder(): Promise<ChosenFolder | null>;
  previewWatch(number: number, settings: WatchSettings): Promise<WatchPreview>;
  addWatch(add: AddWatch): Promise<WatchView>;
  setWatch(id: WatchId, name: string, settings: WatchSettings, movedTo: number | null): Promise<WatchView>;
  setWatchIntent(id: WatchId, intent: Intent): Promise<void>;
  removeWatch(id: WatchId): Promise<void>;
  lookNow(id: WatchId): Promise<void>;
  /** Null: all that wait for standing still. */
  uploadAnyway(id: WatchId, paths: string[] | null): Promise<number>;
  confirmWatch(id: WatchId): Promise<void>;
  watchFiles(id: WatchId, query: WatchQuery): Promise<WatchPage>;
  /** What the rules say of a name below the folder, there or not. */
  explainName(id: WatchId, name: string): Promise<WatchExplained>;
  /** False: the person thought better of it, outside of the page. An empty password leaves the one that is kept. */
  setProxy(proxy: OwnProxy): Promise<boolean>;
  /** False: no file was chosen. */
  chooseAuthorities(): Promise<boolean>;
  /** Null takes a choice back. */
  setSetting(key: SettingKey, value: unknown): Promise<void>;
  history(ask: HistoryAsk): Promise<HistoryPage>;
  findProved(ask: ProvedAsk): Promise<FoundFiles>;
  historyDetails(group: GroupId): Promise<HistoryDetails>;
  receiptLines(group: GroupId, after: number | null, limit: number): Promise<ReceiptPage>;
  exportReceipt(group: GroupId, form: ReceiptForm): Promise<Saved>;
  safeToDelete(group: GroupId): Promise<SafeView>;
  /** Each is read again before it goes. */
  trashOriginals(group: GroupId): Promise<Trashed>;
  /** Originals of a group that the trash still holds. */
  inTrash(group: GroupId): Promise<InTrash>;
  /** Moves them back to where they were. */
  putBack(group: GroupId): Promise<PutBack>;
  uploadAgain(group: GroupId): Promise<GroupId>;
  insights(hours: number, destination: DestinationId | null): Promise<Insights>;
  /** What servers count of the accounts here, over all their computers. */
  accountInsights(): Promise<AccountFigures[]>;
  /** Null where the system has no place for it. */
  loginStart(): Promise<boolean | null>;
  /** The desktop shows none, as far as it was asked to. */
  notificationsRefused(): Promise<boolean>;
  setLoginStart(on: boolean): Promise<void>;
  openDataFolder(): Promise<void>;
  makeDiagnostics(): Promise<DiagnosticsSection[]>;
  saveDiagnostics(): Promise<Saved>;
}

/** Makes a {@link CommandError} of whatever a command threw. */
export function commandError(thrown: unknown): CommandError {
  if (typeof thrown === 'object' && thrown !== null && 'code' in thrown) {
    const { code, number, detail } = thrown as Partial<CommandError>;
    return { code: code ?? 'internal', number: number ?? '', detail: detail ?? '' };
  }
  return { code: 'internal', number: 'WL-504', detail: thrown instanceof Error ? thrown.message : String(thrown) };
}
