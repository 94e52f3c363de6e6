/** Errors of several groups, folded by their cause. */
import type { ErrorCode, ErrorFold, GroupId, GroupView } from '../contract';

/** One cause, over all groups. */
export interface Cause {
  code: ErrorCode;
  number: string;
  files: number;
  example: string;
  detail: string;
  destination: string;
  groups: { id: GroupId; name: string; fold: ErrorFold }[];
}

/** Equal codes become one; those with most files first. */
export function causes(groups: readonly GroupView[]): Cause[] {
  const byCode = new Map<ErrorCode, Cause>();
  for (const group of groups) {
    for (const fold of group.errors) {
      const { code, number, example, detail, files } = fold;
      const cause = byCode.get(code) ?? { code, number, files: 0, example, detail, destination: group.destination_name, groups: [] };
      cause.files += files;
      if (cause.destination !== group.destination_name) cause.destination = '';
      cause.groups.push({ id: group.id, name: group.name, fold });
      byCode.set(code, cause);
    }
  }
  return [...byCode.values()].sort((a, b) => b.files - a.files || (a.code < b.code ? -1 : 1));
}

/** What is copied for someone who helps: code, word, cause, time. No path of the computer, no address, no secret. */
export function errorDetails(error: { code: string; number: string; detail: string; files: number }, at: Date): string {
  return `${error.number} ${error.code}\n${error.detail}\nfiles: ${error.files}\n${at.toISOString()}`;
}
