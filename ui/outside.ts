/** `outside.json` beside the page: what is said outside of it, for the program, which reads it as it is compiled. */
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runnerImport, type Plugin } from 'vite';
import { complete } from './src/lib/words/complete.ts';
import type { Outside } from './src/lib/words/words.ts';

/** The section `outside` of every language, by its tag. The files of two letters are the languages, as in the page. */
export async function collect(folder: string): Promise<Record<string, Outside>> {
  const own = new Map<string, unknown>();
  for (const name of readdirSync(folder).sort()) {
    if (!/^..\.ts$/.test(name)) continue;
    const tag = name.slice(0, 2);
    // With the compiler of Svelte: the words of the page ask for the unit of speed, which is a state.
    const { module } = await runnerImport<Record<string, { outside?: unknown }>>(join(folder, name), { plugins: [svelte()] });
    own.set(tag, module[tag]?.outside);
  }
  const english = own.get('en') as Outside;
  return Object.fromEntries([...own].map(([tag, said]) => [tag, complete(english, said)]));
}

export function outside(): Plugin {
  return {
    name: 'windlass:outside',
    apply: 'build',
    async generateBundle() {
      const all = await collect(join(this.environment.config.root, 'src/lib/words'));
      this.emitFile({ type: 'asset', fileName: 'outside.json', source: `${JSON.stringify(all, null, 1)}\n` });
    },
  };
}
