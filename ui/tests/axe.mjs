// npm run axe: every scene in both themes and in the smallest window, by axe-core. Zero violations, or it fails.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { SCENES, withPage } from './serve.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const wanted = process.argv.slice(2);
let found = 0;
let runs = 0;
await withPage(async (open) => {
  for (const scene of wanted.length > 0 ? wanted : SCENES) {
    for (const options of [{}, { theme: 'dark' }, { width: 420, lang: 'de' }]) {
      const page = await open(scene, options);
      // As the debugger, not as the page: the CSP holds for the page.
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
      runs += 1;
      for (const { id, help, nodes } of violations) {
        found += nodes.length;
        console.error(`${scene} ${JSON.stringify(options)}: ${id}: ${help}`);
        for (const node of nodes.slice(0, 4)) console.error(`    ${node.target.join(' ')}\n    ${node.failureSummary.split('\n')[1]}`);
      }
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (wide > 0) {
        found += 1;
        console.error(`${scene} ${JSON.stringify(options)}: ${wide} px wider than the window`);
      }
      await page.context().close();
    }
  }
});
console.log(`axe: ${runs} pages, ${found} violations`);
if (found > 0) process.exitCode = 1;
