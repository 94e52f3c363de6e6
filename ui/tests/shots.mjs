// node tests/shots.mjs FOLDER [SCENE…]: pictures of every scene, light, dark, and in the smallest window.
import { mkdirSync } from 'node:fs';
import { SCENES, withPage } from './serve.mjs';

const [folder = 'shots', ...wanted] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
await withPage(async (open) => {
  for (const scene of wanted.length > 0 ? wanted : SCENES) {
    for (const [suffix, options] of [
      ['', {}],
      ['-dark', { theme: 'dark' }],
      ['-420', { width: 420 }],
      ['-900', { width: 900 }],
    ]) {
      const page = await open(scene, options);
      await page.screenshot({ path: `${folder}/${scene}${suffix}.png` });
      await page.context().close();
    }
  }
});
