/** What a person fills in for a destination, before it becomes a NewDestination. */
import type { DestinationKind, KeepSecret, NewDestination, ProxyChoice } from '../contract';
import { isProxy, NO_PROXY, ownProxy, type ProxyForm, proxyForm } from '../way/proxy';
import { acceptsOf, isLimit, type LimitsForm, limitsOf, NO_LIMITS } from './limits';

export interface DestinationForm {
  kind: DestinationKind;
  name: string;
  folder: string;
  endpoint: string;
  region: string;
  bucket: string;
  prefix: string;
  /** What keys begin with at a destination that is there. */
  prefixBefore: string | null;
  pathStyle: boolean;
  /** Empty folders are kept as objects without bytes. */
  folderMarkers: boolean;
  accessKey: string;
  secretKey: string;
  /** Of a server. */
  url: string;
  token: string;
  /** Which of the server's destinations. */
  place: string;
  keep: KeepSecret;
  limits: LimitsForm;
  /** By which it is reached. */
  proxy: ProxyForm;
  /** The one of a destination that is there. */
  proxyBefore: ProxyChoice | null;
}

export function emptyForm(folder: string): DestinationForm {
  return {
    kind: 'folder',
    name: '',
    folder,
    endpoint: '',
    region: '',
    bucket: '',
    prefix: '',
    prefixBefore: null,
    pathStyle: true,
    folderMarkers: false,
    accessKey: '',
    secretKey: '',
    url: '',
    token: '',
    place: '',
    keep: 'keyring',
    limits: NO_LIMITS,
    proxy: { ...NO_PROXY },
    proxyBefore: null,
  };
}

/** The name a destination gets when none was written: last part of the folder, the bucket, or the server's host. */
export function defaultName(form: DestinationForm, taken: readonly string[]): string {
  const base =
    form.kind === 'server'
      ? form.url
          .trim()
          .replace(/^https?:\/\//, '')
          .replace(/[:/].*$/, '') || 'Windlass'
      : form.kind === 's3'
        ? form.bucket.trim() || 'S3'
        : (form.folder
            .trim()
            .split(/[/\\]/)
            .filter((part) => part !== '')
            .at(-1) ?? form.folder);
  let name = base;
  for (let n = 2; taken.includes(name); n += 1) name = `${base} ${n}`;
  return name;
}

/** A destination that is there, to be changed. */
export function formOf(of: NewDestination): DestinationForm {
  return {
    ...emptyForm(of.folder ?? ''),
    kind: of.server ? 'server' : of.s3 ? 's3' : 'folder',
    name: of.name,
    endpoint: of.s3?.endpoint ?? '',
    region: of.s3?.region ?? '',
    bucket: of.s3?.bucket ?? '',
    prefix: of.s3?.prefix ?? '',
    prefixBefore: of.s3?.prefix ?? null,
    pathStyle: of.s3?.path_style ?? true,
    folderMarkers: of.s3?.folder_markers ?? false,
    url: of.server?.url ?? '',
    place: of.server?.place ?? '',
    keep: of.server?.keep_secret ?? 'keyring',
    limits: limitsOf(of.accepts),
    proxy: proxyForm(of.proxy?.choice ?? null),
    proxyBefore: of.proxy?.choice ?? null,
  };
}

/** True when nothing that is needed is empty. `keyless`: without a key the stored one stays. */
export function isComplete(form: DestinationForm, keyless = false): boolean {
  if (!isLimit(form.limits)) return false;
  if (form.kind === 'folder') return form.folder.trim() !== '';
  if (!isProxy(form.proxy)) return false;
  if (form.kind === 'server') return form.url.trim() !== '' && (keyless || form.token.trim() !== '');
  if (keyless && form.accessKey.trim() === '' && form.secretKey.trim() === '')
    return [form.endpoint, form.bucket].every((field) => field.trim() !== '');
  return [form.endpoint, form.bucket, form.accessKey, form.secretKey].every((field) => field.trim() !== '');
}

/** What keys begin with: the person names a folder. What was made otherwise, by the command line, stays until it is changed. */
function beginningOf({ prefix, prefixBefore }: DestinationForm): string {
  if (prefix === prefixBefore) return prefix;
  const folder = prefix.trim().replace(/^\/+|\/+$/g, '');
  return folder === '' ? '' : `${folder}/`;
}

export function newDestination(form: DestinationForm, taken: readonly string[], makeDefault: boolean): NewDestination {
  const name = form.name.trim() || defaultName(form, taken);
  const accepts = acceptsOf(form.limits);
  const base = { name, folder: null, s3: null, server: null, make_default: makeDefault, accepts };
  if (form.kind === 'folder') return { ...base, folder: form.folder.trim(), proxy: null };
  const proxy = ownProxy(form.proxy, form.keep);
  if (form.kind === 'server') {
    const server = { url: form.url.trim(), token: form.token.trim(), place: form.place, keep_secret: form.keep };
    return { ...base, server, proxy };
  }
  return {
    ...base,
    proxy,
    s3: {
      endpoint: form.endpoint.trim(),
      region: form.region.trim() || 'us-east-1',
      bucket: form.bucket.trim(),
      prefix: beginningOf(form),
      path_style: form.pathStyle,
      folder_markers: form.folderMarkers,
      access_key: form.accessKey.trim(),
      secret_key: form.secretKey,
      keep_secret: form.keep,
    },
  };
}
