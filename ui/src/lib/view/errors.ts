/** Errors of several groups, folded by their cause. */
import type { DestinationId, ErrorCode, ErrorFold, GroupId, GroupView } from '../contract';

/** One cause, over all groups. */
export interface Cause {
  /** What failed: the upload, or what the server did with what had arrived. */
  track: 'upload' | 'processing';
  code: ErrorCode;
  number: string;
  files: number;
  example: string;
  detail: string;
  destination: string;
  /** Null where they went to several. */
  destinationId: DestinationId | null;
  groups: { id: GroupId; name: string; fold: ErrorFold }[];
}

/** Equal codes become one; those with most files first. */
export function causes(groups: readonly GroupView[]): Cause[] {
  const byCode = new Map<string, Cause>();
  const take = (track: Cause['track'], group: GroupView, fold: ErrorFold) => {
    const { code, number, example, detail, files } = fold;
    const key = `${track} ${code}`;
    const cause = byCode.get(key) ?? {
      track,
      code,
      number,
      files: 0,
      example,
      detail,
      destination: group.destination_name,
      destinationId: group.destination_id,
      groups: [],
    };
    cause.files += files;
    if (cause.destination !== group.destination_name) cause.destination = '';
    if (cause.destinationId !== group.destination_id) cause.destinationId = null;
    cause.groups.push({ id: group.id, name: group.name, fold });
    byCode.set(key, cause);
  };
  for (const group of groups) {
    for (const fold of group.errors) take('upload', group, fold);
    for (const fold of group.processing?.errors ?? []) take('processing', group, fold);
  }
  // What did not arrive comes before what arrived and was not processed.
  return [...byCode.values()].sort(
    (a, b) => Number(a.track === 'processing') - Number(b.track === 'processing') || b.files - a.files || (a.code < b.code ? -1 : 1),
  );
}

/** What is copied for someone who helps: code, word, cause, time. No path of the computer, no address, no secret. */
export function errorDetails(error: { code: string; number: string; detail: string; files: number }, at: Date): string {
  return `${error.number} ${error.code}\n${error.detail}\nfiles: ${error.files}\n${at.toISOString()}`;
}
