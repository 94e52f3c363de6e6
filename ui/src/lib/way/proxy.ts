/** A proxy being filled in. */
import type { KeepSecret, OwnProxy, ProxyChoice } from '../contract';

export interface ProxyForm {
  /** `all`: a destination goes as all the others do. */
  mode: 'all' | ProxyChoice['mode'];
  address: string;
  user: string;
  /** Empty: the one that is kept stays, while address and name do. */
  password: string;
  except: string;
}

export const NO_PROXY: ProxyForm = { mode: 'all', address: '', user: '', password: '', except: '' };

/** A choice, to be changed. */
export function proxyForm(choice: ProxyChoice | null): ProxyForm {
  if (choice === null) return { ...NO_PROXY };
  if (choice.mode !== 'manual') return { ...NO_PROXY, mode: choice.mode };
  return { mode: 'manual', address: choice.address, user: choice.user, password: '', except: choice.except };
}

/** True when nothing that is needed is empty. */
export const isProxy = ({ mode, address }: ProxyForm): boolean => mode !== 'manual' || address.trim() !== '';

/** The choice that the fields make; null: none of its own. */
export function ownProxy({ mode, address, user, password, except }: ProxyForm, keep: KeepSecret): OwnProxy | null {
  if (mode === 'all') return null;
  const choice: ProxyChoice = mode === 'manual' ? { mode, address: address.trim(), user: user.trim(), except: except.trim() } : { mode };
  return { choice, password: mode === 'manual' ? password : '', keep_secret: keep };
}
