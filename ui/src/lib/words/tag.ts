/** A system of the locale "C" names a language that is none, and code of others that asks `Intl` for it fails as it is loaded.
    So this is imported before all else: there the page says English. */
export function mendTag(of: { readonly language: string }): void {
  try {
    Intl.getCanonicalLocales(of.language);
  } catch {
    Object.defineProperty(of, 'language', { value: 'en', configurable: true });
  }
}

mendTag(navigator);
