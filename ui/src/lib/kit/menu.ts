import type { IconName } from './icons';

/** One line of a menu. */
export interface MenuItem {
  word: string;
  icon?: IconName;
  danger?: boolean;
  testid?: string;
  onchoose: () => void;
}
