/** Why a group waits, and the way out of each reason. */
import type { Around, BlockedReason, DestinationId, GroupView } from '$lib/contract';
import type { Backend } from '$lib/ipc/backend';
import type { Cause } from '$lib/view/errors';
import type { View } from '$lib/view/view.svelte';
import type { Words } from '$lib/words/en';

/** The sign-in to a server is over. */
export const SIGN_IN_ENDED: ReadonlySet<string> = new Set(['unauthenticated', 'token_expired', 'token_revoked']);
/** A stored key is what is refused, or nothing is known but that. */
const KEY: ReadonlySet<string> = new Set(['storage_credentials', 'keyring_locked', '']);

export interface WayOut {
  word: string;
  testid: string;
  /** What it asks of the program. */
  ask?: (backend: Backend) => Promise<unknown>;
  /** Asked before, where it can't be taken back: what it is about is looked up first. */
  sure?: (backend: Backend) => Promise<{ title: string; text: string; yes: string }>;
  /** Where it leads in the page. */
  go?: (view: View) => void;
}

/** What a destination's page mends, by the numbers of its failures: its address, its certificate, its key, its bucket. */
const MENDED_THERE: ReadonlySet<string> = new Set(['WL-203', 'WL-204', 'WL-205', 'WL-303', 'WL-304', 'WL-305', 'WL-401', 'WL-503']);

/** Failures of the proxy on the way. */
const PROXY: ReadonlySet<string> = new Set(['proxy_auth', 'proxy_unreachable']);
const toProxy = (w: Words): WayOut => ({ word: w.reasons.proxy, testid: 'way-network', go: (view) => view.openSettings('network') });

/** To where a destination is edited, or signed in to. */
function toDestination(w: Words, code: string, destination: DestinationId): WayOut {
  const ended = SIGN_IN_ENDED.has(code);
  const word = ended ? w.signIn.signIn : KEY.has(code) ? w.reasons.checkKey : w.reasons.edit;
  return { word, testid: 'way-destination', go: (view) => view.editDestination(destination, ended) };
}

/** Where a cause is mended, when that is one place of this program. */
export function causeWay(w: Words, cause: Pick<Cause, 'track' | 'code' | 'number' | 'destinationId'>): WayOut | null {
  if (cause.track !== 'upload') return null;
  if (PROXY.has(cause.code)) return toProxy(w);
  if (cause.destinationId === null || !MENDED_THERE.has(cause.number)) return null;
  return toDestination(w, cause.code, cause.destinationId);
}

/** What the person can do about a reason of a group. `everything`: all transfers are paused. */
export function waysOut(w: Words, reason: BlockedReason, group: GroupView, around: Around, everything: boolean): WayOut[] {
  const target = { scope: 'group' as const, id: group.id };
  const anyway = (word: string): WayOut => ({ word, testid: 'way-anyway', ask: (b) => b.goAnyway(target, reason) });
  const settings = (word: string, page: string): WayOut => ({ word, testid: `way-${page}`, go: (view) => view.openSettings(page) });
  const again: WayOut = { word: w.reasons.tryNow, testid: 'way-try', ask: (b) => b.checkDestination(group.destination_id) };
  switch (reason) {
    case 'user': {
      const out: WayOut[] = [];
      if (everything)
        out.push({ word: w.reasons.resumeAll, testid: 'way-resume-all', ask: (b) => b.setIntent({ scope: 'app', id: null }, 'run') });
      if (group.intent === 'paused') out.push({ word: w.reasons.resume, testid: 'way-resume', ask: (b) => b.setIntent(target, 'run') });
      return out;
    }
    case 'metered': {
      const always: WayOut = { word: w.reasons.always, testid: 'way-always', ask: (b) => b.trustNetwork() };
      return [anyway(w.reasons.anywayHere), ...(around.network === null ? [] : [always])];
    }
    case 'battery':
      return [anyway(w.reasons.anyway), settings(w.reasons.changeLevel, 'power')];
    case 'power_saver':
      return [anyway(w.reasons.anyway), settings(w.reasons.change, 'power')];
    case 'schedule':
      return [anyway(w.reasons.startNow), settings(w.reasons.editSchedule, 'schedule')];
    case 'destination_down':
      return PROXY.has(group.because?.code ?? '') ? [toProxy(w), again] : [again];
    case 'storage_full':
      return [again];
    case 'signed_out':
      if (PROXY.has(group.because?.code ?? '')) return [toProxy(w), again];
      return [toDestination(w, group.because?.code ?? '', group.destination_id), again];
    case 'disk_missing': {
      const find = { text: '', kind: 'no_disk' as const, code: null };
      const sure = async (b: Backend) => {
        const { total } = await b.listFound({ group: group.id, offset: 0, limit: 1, find });
        return { title: w.reasons.leaveDiskTitle(w.files(total ?? 0), group.disk), text: w.error.leaveOutText, yes: w.error.leaveOut };
      };
      return [
        { word: w.reasons.leaveDisk, testid: 'way-leave-disk', sure, ask: (b) => b.actOnFiles(group.id, { places: null, find }, 'cancel') },
      ];
    }
    // It goes on by itself, or the question stands elsewhere.
    case 'offline':
    case 'question':
    case 'destination_slow_down':
    case 'queue_disk_full':
    case 'file_missing':
    case 'locked_file':
    case 'following':
      return [];
  }
}
