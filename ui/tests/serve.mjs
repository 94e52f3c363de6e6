// Builds the page on its stand-in, serves it under the strictest CSP, and opens a browser on it: for pictures, audits and tests.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'";
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' };

export { SCENES } from '../src/dev/scenes/names.js';

/** Fonts of the tests' own, so that a picture is the same on each machine. The page itself takes the system's. */
const FONTS = [
  ['Inter', '@fontsource/inter/files/inter-latin', [400, 500, 600, 700]],
  ['JetBrains Mono', '@fontsource/jetbrains-mono/files/jetbrains-mono-latin', [400, 500]],
];
/** Arrows and the like, which those lack, come from one named font too: which one a system falls back to changes with what is installed. */
const OWN_FONTS = `:root {
  --font: Inter, 'DejaVu Sans', sans-serif !important;
  --font-mono: 'JetBrains Mono', 'DejaVu Sans Mono', monospace !important;
}`;
/** What is drawn on a canvas is not drawn again when a font comes later: the page begins when they are there. */
const beginAfterFonts = (main) => `const faces = ${JSON.stringify(
  FONTS.flatMap(([family, file, weights]) => weights.map((weight) => [family, `/fonts/${file}-${weight}-normal.woff2`, weight])),
)};
for (const [family, url, weight] of faces) document.fonts.add(await new FontFace(family, \`url(\${url})\`, { weight: String(weight) }).load());
await import('${main}');`;

/** Runs in the page: until nothing in it has changed for so many milliseconds, or patience is at its end where files move without one. */
const settled = ({ quiet, patience }) =>
  new Promise((done) => {
    const began = performance.now();
    let [last, looked] = [began, began];
    const changes = new MutationObserver(() => (last = performance.now()));
    changes.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    const look = () => {
      const now = performance.now();
      // Whoever was held up saw nothing: that is no quiet.
      if (now - looked > quiet / 4) last = now;
      looked = now;
      if (now - last < quiet && now - began < patience) return requestAnimationFrame(look);
      changes.disconnect();
      done();
    };
    requestAnimationFrame(look);
  });

/**
 * Runs `work` with a function that opens a scene: (scene, {theme, system, density, forced, width, height, lang, still, clock}) -> page.
 * `clock`: the scenes' own day, for which every timer goes through a stand-in.
 * `system`: whether the system is light or dark, else as the theme; `forced`: it forces its colours.
 * With `ownFonts` the page has the fonts of the tests instead of the machine's.
 * The second argument of `work` gives the address of a scene, for another browser.
 */
export async function withPage(work, { ownFonts = false } = {}) {
  const csp = ownFonts ? `${CSP}; font-src 'self'` : CSP;
  const dist = mkdtempSync(join(tmpdir(), 'windlass-ui-'));
  await build({ root, mode: 'mock', logLevel: 'error', build: { outDir: dist, emptyOutDir: true } });
  const main = /src="\.?([^"]+\.js)"/.exec(readFileSync(join(dist, 'index.html'), 'utf8'))?.[1];
  const server = createServer((request, response) => {
    const path = new URL(request.url, 'http://x').pathname;
    try {
      let file = join(dist, normalize(path === '/' ? '/index.html' : path));
      if (ownFonts && path.startsWith('/fonts/')) file = join(root, 'node_modules', normalize(path.slice('/fonts'.length)));
      const own = ownFonts && { '/own-fonts.css': OWN_FONTS, '/begin.js': beginAfterFonts(main) }[path];
      let body = own || readFileSync(file);
      if (ownFonts && path === '/') {
        body = String(body)
          .replace(/src="[^"]+\.js"/, 'src="/begin.js"')
          .replace('</head>', '<link rel="stylesheet" href="/own-fonts.css" /></head>');
      }
      response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', 'content-security-policy': csp });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--force-color-profile=srgb', '--font-render-hinting=none'],
    // The browser's own words, as in a field for a date, are in one language on each machine.
    env: { ...process.env, LANG: 'en_US.UTF-8', LANGUAGE: 'en_US', LC_ALL: '' },
  });
  console.log(`chromium ${browser.version()}`);
  const wrong = (scene, text) => {
    console.error(`${scene}: ${text}`);
    process.exitCode = 1;
  };
  const addressOf = (scene, { theme = 'light', density, lang = 'en', still = true } = {}) => {
    const chosen = new URLSearchParams({ scene, theme, lang, ...(density ? { density } : {}), ...(still ? { still: '' } : {}) });
    return `http://127.0.0.1:${server.address().port}/?${chosen}`;
  };
  try {
    await work(async (scene, options = {}) => {
      const { theme = 'light', system = theme, forced = false, width = 1280, height = 800, clock = true } = options;
      const context = await browser.newContext({
        viewport: { width, height },
        reducedMotion: 'reduce',
        colorScheme: system === 'dark' ? 'dark' : 'light',
        forcedColors: forced ? 'active' : 'none',
        locale: 'en-GB',
      });
      const page = await context.newPage();
      page.on('pageerror', (error) => wrong(scene, error.message));
      page.on(
        'console',
        (message) => message.type() === 'error' && !/favicon/.test(message.location().url) && wrong(scene, message.text()),
      );
      if (clock) await page.clock.setFixedTime(new Date(2026, 10, 21, 14, 20));
      await page.goto(addressOf(scene, options));
      await page.waitForSelector(scene === 'broken' ? '[role=alert] b' : '[data-testid=app-ready]');
      await page.evaluate(() => document.fonts.ready.then(() => undefined));
      await page.evaluate(settled, { quiet: 400, patience: options.still === false ? 500 : 10_000 });
      return page;
    }, addressOf);
  } finally {
    await browser.close();
    server.close();
    rmSync(dist, { recursive: true });
  }
}
