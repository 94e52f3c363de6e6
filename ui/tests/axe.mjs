// npm run axe: every scene in each theme, close together and in the smallest window, by axe-core. Zero violations, or it fails.
// Of more contrast axe asks more: 7 : 1 for words.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { SCENES, withPage } from './serve.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const wanted = process.argv.slice(2);
let found = 0;
let runs = 0;
const WAYS = [
  {},
  { theme: 'dark' },
  { theme: 'contrast' },
  { theme: 'contrast', system: 'dark', density: 'compact' },
  { width: 420, lang: 'de' },
];
/** Two at once: a page waits for its browser as long as the browser works. */
const LANES = 2;

await withPage(async (open) => {
  const rest = (wanted.length > 0 ? wanted : SCENES).flatMap((scene) => WAYS.map((options) => [scene, options]));
  const lane = async () => {
    for (let next = rest.shift(); next; next = rest.shift()) await look(open, ...next);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
});

async function look(open, scene, options) {
  const page = await open(scene, options);
  // As the debugger, not as the page: the CSP holds for the page.
  await page.evaluate(axe);
  // A program that can't be asked has told no theme.
  const enhanced = options.theme === 'contrast' && scene !== 'broken';
  const rules = { 'color-contrast-enhanced': { enabled: enhanced } };
  const { violations } = await page.evaluate((rules) => globalThis.axe.run(document, { resultTypes: ['violations'], rules }), rules);
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

console.log(`axe: ${runs} pages, ${found} violations`);
if (found > 0) process.exitCode = 1;
