// The page of operators in a real browser, against a running server: node status.mjs URL ADMIN_TOKEN OTHER_TOKEN [PICTURES]
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../../../ui/package.json', import.meta.url));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const [url, admin, other, pictures] = process.argv.slice(2);

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
});

async function open(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const wrong = [];
  page.on('console', (m) => m.type() === 'error' && !/status of (401|403)/.test(m.text()) && wrong.push(m.text()));
  page.on('pageerror', (e) => wrong.push(String(e)));
  page.on('request', (r) => new URL(r.url()).origin !== url && !r.url().startsWith('data:') && wrong.push(`asks ${r.url()}`));
  await page.goto(`${url}/status`);
  return { page, wrong };
}

async function enter(page, token) {
  await page.getByLabel('Admin token').fill(token);
  await page.getByRole('button', { name: 'Show status' }).click();
}

async function audit(page, what) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  const told = violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
  assert.deepEqual(told, [], `axe, ${what}`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(wide <= 0, `${what}: ${wide} px wider than the window`);
}

const picture = (page, name) => (pictures ? page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true }) : null);

try {
  const { page, wrong } = await open();
  await page.waitForSelector('#token:focus');
  await audit(page, 'the door');
  await picture(page, 'door');
  await enter(page, 'wl_nobodys');
  await page.getByRole('alert').filter({ hasText: 'does not know this token' }).waitFor();
  await enter(page, other);
  await page.getByRole('alert').filter({ hasText: 'not an admin' }).waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0, 'a refused token is not kept');
  await enter(page, admin);
  await page.locator('#board').waitFor();

  // What the page shows is what the server told.
  const told = await (await fetch(`${url}/v1/status`, { headers: { authorization: `Bearer ${admin}` } })).json();
  const text = (id) => page.locator(`#${id}`).textContent();
  assert.match(await text('rate'), told.files.success_rate_24h === null ? /^–$/ : /^\d+\.\d %$/);
  assert.equal(await text('abandoned-n'), String(told.files.abandoned));
  assert.equal(await page.locator('#now tbody tr').count(), told.uploading.length);
  assert.equal(await page.locator('#quiet tbody tr').count(), told.abandoned.length);
  assert.equal(await page.locator('#why tbody tr').count(), told.files.failed_reasons_7d.length);
  assert.equal(await page.locator('#hours rect').count(), 24);
  assert.equal(await page.locator('#hours rect.some').count(), told.hours.filter((h) => h.files > 0).length);
  for (const { group } of told.uploading) if (group) await page.locator('#now').getByText(group, { exact: true }).first().waitFor();
  assert.equal(await page.locator('#board img, #board script').count(), 0, 'names are text');

  await page.getByRole('button', { name: 'Groups' }).click();
  assert.equal(await text('rate-of'), `${told.groups.succeeded_24h} arrived, ${told.groups.failed_24h} failed`);
  assert.equal(await page.getByRole('button', { name: 'Groups' }).getAttribute('aria-pressed'), 'true');
  await page.getByRole('button', { name: 'Files' }).click();
  await audit(page, 'the board');
  await picture(page, 'board');

  // A new load of the tab needs no token; another tab does.
  await page.reload();
  await page.locator('#board').waitFor();
  assert.ok(!(await page.content()).includes(admin), 'the token is nowhere in the page');
  for (const options of [{ colorScheme: 'dark' }, { viewport: { width: 400, height: 800 } }]) {
    const next = await open(options);
    await enter(next.page, admin);
    await next.page.locator('#board').waitFor();
    await audit(next.page, JSON.stringify(options));
    await picture(next.page, options.colorScheme ?? 'narrow');
    assert.deepEqual(next.wrong, []);
  }

  // The server goes away: what was shown stays, and it says so.
  await page.route('**/v1/status', (route) => route.abort());
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await page.getByRole('alert').filter({ hasText: 'does not answer' }).waitFor();
  assert.ok(await page.locator('#board').isVisible());
  await page.getByRole('button', { name: 'Forget token' }).click();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  assert.ok(await page.locator('#board').isHidden());
  assert.deepEqual(wrong.filter((w) => !w.includes('net::ERR_FAILED')), []);

  // The description of the routes.
  const docs = await open();
  await docs.page.goto(`${url}/docs`);
  await docs.page.getByText('/v1/sessions:init', { exact: true }).click();
  await docs.page.getByText('Takes a token with the scope').first().waitFor();
  await docs.page.getByRole('heading', { name: 'Answers 200' }).first().waitFor();
  await audit(docs.page, 'the description');
  await picture(docs.page, 'docs');
  await docs.page.getByLabel('Find').fill('/v1/status');
  await docs.page.getByRole('status').filter({ hasText: /^1 route$/ }).waitFor();
  assert.deepEqual(docs.wrong, []);
  console.log('the pages hold');
} finally {
  await browser.close();
}
