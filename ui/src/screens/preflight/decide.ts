/** Whether a look is shown, waits, or is answered by itself. */
import type { PreflightKind, PreflightView } from '$lib/contract';

/** Fewer files than this, with nothing to say of them, are taken without a question. */
const FEW = 20;
/** What is no reason to ask: it is done as one would wish. */
const QUIET = new Set<PreflightKind>(['growing', 'changed', 'in_group']);
/** A look that takes longer than this is shown while it goes on, milliseconds. */
const PATIENCE = 120;

export function lacksRoom(look: Pick<PreflightView, 'free' | 'ready_bytes'>): boolean {
  return look.free !== null && look.ready_bytes > look.free;
}

/** Something a person should know before it begins. */
export function hasSomethingToSay(look: PreflightView, remembered: boolean): boolean {
  return look.too_many || lacksRoom(look) || look.folds.some((f) => !QUIET.has(f.kind) && !(f.kind === 'already_there' && remembered));
}

export function decide(look: PreflightView, by: { setting: unknown; remembered: boolean; waited: number }): 'take' | 'show' | 'wait' {
  if (by.setting === 'always') return 'show';
  const whole = look.done && look.comparing === 0;
  if (look.done && (look.files >= FEW || hasSomethingToSay(look, by.remembered))) return 'show';
  if (whole) return 'take';
  return by.waited > PATIENCE ? 'show' : 'wait';
}
