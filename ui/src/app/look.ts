/** How the page looks, by the person's choices: written on its root, where tokens.css reads it. */

/** What the system asks for, beside light and dark, which the style sheets ask themselves. */
export interface Asked {
  /** More contrast than usual. */
  contrast: boolean;
}

/** Theme, density and motion onto the root. Without a choice of a theme, a system that asks for contrast has it. */
export function wear(root: HTMLElement, settings: Record<string, unknown>, asked: Asked): void {
  const chosen = settings['theme'];
  const own = chosen === 'light' || chosen === 'dark' || chosen === 'contrast' ? chosen : null;
  put(root, 'theme', own ?? (asked.contrast ? 'contrast' : null));
  put(root, 'density', settings['density'] === 'compact' ? 'compact' : null);
  put(root, 'motion', settings['motion'] === 'reduced' ? 'reduced' : null);
}

function put(root: HTMLElement, name: string, value: string | null): void {
  if (value === null) root.removeAttribute(`data-${name}`);
  else if (root.dataset[name] !== value) root.dataset[name] = value;
}
