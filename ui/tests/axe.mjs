// npm run axe: every scene in each theme, close together and in the smallest window, by axe-core. Zero violations, or it fails.
// Of more contrast axe asks more: 7 : 1 for words.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { SCENES, withPage } from './serve.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const wanted = process.argv.slice(2);
let found = 0;
let runs = 0;
/** Loads of a scene, and what is put on in each. */
const LOADS = [
  [{}, [{ theme: 'light' }, { theme: 'dark' }, { theme: 'contrast' }, { theme: 'contrast', system: 'dark', density: 'compact' }]],
  [{ width: 420, lang: 'de' }, [{}]],
];
/** Two at once: a page waits for its browser as long as the browser works. */
const LANES = 2;

await withPage(async (open) => {
  const rest = (wanted.length > 0 ? wanted : SCENES).flatMap((scene) => LOADS.map((load) => [scene, ...load]));
  const lane = async () => {
    for (let next = rest.shift(); next; next = rest.shift()) await look(open, ...next);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
});

async function look(open, scene, options, ways) {
  const page = await open(scene, options);
  // As the debugger, not as the page: the CSP holds for the page.
  await page.evaluate(axe);
  for (const way of ways) {
    await putOn(page, way);
    await audit(page, scene, way);
  }
  await page.context().close();
}

/** As the page does it when a person chooses: see tokens.css. */
async function putOn(page, { theme, system = theme === 'dark' ? 'dark' : 'light', density }) {
  await page.emulateMedia({ colorScheme: system });
  await page.evaluate(
    async (chosen) => {
      for (const [name, value] of Object.entries(chosen)) if (value) document.documentElement.dataset[name] = value;
      const drawn = () => new Promise((done) => requestAnimationFrame(done));
      await drawn();
      // A colour on its way is none that stays.
      while (document.getAnimations().some((one) => one.playState === 'running')) await drawn();
    },
    { theme, density },
  );
}

async function audit(page, scene, way) {
  const rules = { 'color-contrast-enhanced': { enabled: way.theme === 'contrast' } };
  const { violations } = await page.evaluate((rules) => globalThis.axe.run(document, { resultTypes: ['violations'], rules }), rules);
  runs += 1;
  for (const { id, help, nodes } of violations) {
    found += nodes.length;
    console.error(`${scene} ${JSON.stringify(way)}: ${id}: ${help}`);
    for (const node of nodes.slice(0, 4)) console.error(`    ${node.target.join(' ')}\n    ${node.failureSummary.split('\n')[1]}`);
  }
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  if (wide > 0) {
    found += 1;
    console.error(`${scene} ${JSON.stringify(way)}: ${wide} px wider than the window`);
  }
}

console.log(`axe: ${runs} pages, ${found} violations`);
if (found > 0) process.exitCode = 1;
