// npm run browser [WORDS]: what only a real browser shows: long lists, focus, keys, motion, a small window, the top layer.
// With words: only the tests that have them in their names.
import assert from 'node:assert/strict';
import { withPage } from './serve.mjs';

const id = (name) => `[data-testid=${name}]`;

/** What is done on a page that was opened, which is closed after. */
const on = async (open, scene, options, work) => {
  const page = await open(scene, options);
  await work(page);
  await page.context().close();
};

/** Presses Tab until nothing new has the focus. Each that had it: its name, whether its ring is drawn, and what cuts the ring. */
async function walk(page) {
  const seen = [];
  await page.evaluate(() => (globalThis.walked = new Set()));
  for (let nothing = 0; nothing < 3 && seen.length < 300;) {
    await page.keyboard.press('Tab');
    const now = await page.evaluate(async () => {
      // What comes into sight by its focus has come there.
      await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
      const e = document.activeElement;
      if (e === document.body || globalThis.walked.has(e)) return null;
      globalThis.walked.add(e);
      const style = getComputedStyle(e);
      const drawn = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0 && !/, 0\)$/.test(style.outlineColor);
      const out = parseFloat(style.outlineWidth) + parseFloat(style.outlineOffset);
      const box = e.getBoundingClientRect();
      const outside = ({ left, top, right, bottom }) =>
        box.left - out < left - 0.5 || box.top - out < top - 0.5 || box.right + out > right + 0.5 || box.bottom + out > bottom + 0.5;
      const cuts = [];
      for (let p = e.parentElement; p; p = p.parentElement) {
        const { overflowX, overflowY } = getComputedStyle(p);
        const clips = overflowX !== 'visible' || overflowY !== 'visible';
        if (clips && outside(p.getBoundingClientRect())) cuts.push(`${p.localName}.${p.classList}`);
      }
      if (outside({ left: 0, top: 0, right: innerWidth, bottom: innerHeight })) cuts.push('the window');
      const name = `${e.dataset.testid ?? e.localName} “${(e.ariaLabel ?? e.textContent).trim().slice(0, 40)}”`;
      return { name, ring: drawn, cuts };
    });
    nothing = now ? 0 : nothing + 1;
    if (now) seen.push(now);
  }
  return seen;
}

const tests = {
  async '100,000 rows scroll to the end with few rows in the page'(open) {
    const page = await open('big');
    const box = page.locator('.box');
    await box.evaluate((e) => (e.scrollTop = e.scrollHeight));
    await page.waitForSelector('[data-file="g-big-99999"]');
    assert.ok((await page.locator(id('file-row')).count()) < 80);
    assert.ok(await page.locator('[data-file="g-big-99999"]').isVisible());
    const asked = await page.evaluate(() => globalThis.mock.calls.filter((c) => c.startsWith('watch_rows')).length);
    assert.ok(asked <= 3, `${asked} calls`);
  },
  async 'scrolling 100,000 rows keeps its frames while rows change'(open) {
    const page = await open('big', { still: false });
    const frames = await page.locator('.box').evaluate(
      (box) =>
        new Promise((done) => {
          const times = [];
          const step = (now) => {
            times.push(now);
            box.scrollTop += 400;
            if (times.length < 120) requestAnimationFrame(step);
            else done(times);
          };
          requestAnimationFrame(step);
        }),
    );
    const gaps = frames.slice(1).map((t, i) => t - frames[i]);
    const sorted = gaps.toSorted((a, b) => a - b);
    console.log(`    frames: median ${sorted[60].toFixed(1)} ms, p95 ${sorted[113].toFixed(1)} ms, worst ${sorted.at(-1).toFixed(1)} ms`);
    // That they are smooth is measured in the real window; this is for rows that lay the whole page out anew.
    assert.ok(sorted[60] < 150, 'half of the frames under 150 ms');
  },
  async 'what was scrolled past and what changed is let go: nothing of it is held'(open) {
    const page = await open('big', { still: false });
    const cdp = await page.context().newCDPSession(page);
    const held = async () => {
      await page.waitForFunction(() => {
        const rows = [...document.querySelectorAll('.box [data-index]')];
        return rows.length > 0 && rows.every((row) => row.dataset.file);
      });
      // Twice: what the first sweep lets go of may have held something.
      await cdp.send('HeapProfiler.collectGarbage');
      await cdp.send('HeapProfiler.collectGarbage');
      const [{ usedSize }, { nodes, jsEventListeners }] = [await cdp.send('Runtime.getHeapUsage'), await cdp.send('Memory.getDOMCounters')];
      return { megabytes: usedSize / 1e6, nodes, jsEventListeners };
    };
    const through = () =>
      page.locator('.box').evaluate(async (box) => {
        for (let n = 0; n < 200; n += 1) {
          box.scrollTop = (box.scrollTop + 3600) % (box.scrollHeight - box.clientHeight);
          await new Promise((next) => requestAnimationFrame(() => setTimeout(next)));
        }
      });
    // The first time round fills what is kept of pages of rows.
    await through();
    const before = await held();
    for (let n = 0; n < 4; n += 1) await through();
    const after = await held();
    console.log(`    held: ${JSON.stringify(before)}, then ${JSON.stringify(after)}`);
    assert.ok(after.megabytes < before.megabytes + 1.5, 'no megabyte more');
    assert.ok(after.nodes < before.nodes * 1.3, 'nodes');
    assert.ok(after.jsEventListeners <= before.jsEventListeners + 5, 'listeners');
  },
  async 'what glides while files move is pushed or faded: no frame lays the page out anew'(open) {
    const page = await open('transfers', { still: false });
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    const moved = await page.waitForFunction(() => {
      const running = document.getAnimations().flatMap((a) => a.effect.getKeyframes().flatMap((frame) => Object.keys(frame)));
      const moved = [...new Set(running)].filter((key) => !['offset', 'computedOffset', 'easing', 'composite'].includes(key));
      return moved.includes('transform') && moved;
    });
    for (const property of await moved.jsonValue()) assert.ok(['transform', 'opacity'].includes(property), property);
  },
  async 'only files that move are drawn as moving: what explains the parts of a strip stands still'(open) {
    const page = await open('transfers', { still: false });
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    await page.waitForFunction(() =>
      document.getAnimations().some((a) => a.animationName && a.effect.target.closest('[data-testid=file-row]')),
    );
    const foot = await page.evaluate(
      () => document.getAnimations().filter((a) => a.animationName && !a.effect.target.closest('[data-testid=file-row]')).length,
    );
    assert.equal(foot, 0);
  },
  async 'the arrow keys walk the rows, End goes to the last, and its buttons are next'(open) {
    const page = await open('big');
    await page.locator('[data-file="g-big-0"]').focus();
    await page.keyboard.press('ArrowDown');
    await page.waitForSelector('[data-file="g-big-1"]:focus');
    await page.keyboard.press('End');
    await page.waitForSelector('[data-file="g-big-99999"]:focus');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.dataset.testid), 'btn-pause');
    await page.keyboard.press('Home');
    await page.waitForSelector('[data-file="g-big-0"]:focus');
    await page.keyboard.press('Space');
    assert.ok((await page.evaluate(() => globalThis.mock.calls)).includes('set_intent file g-big-0 paused'));
  },
  async 'a menu opens by key inside the window, walks by arrows, closes by Esc and gives the focus back'(open) {
    const page = await open('transfers');
    for (const name of ['group-menu', 'row-menu']) {
      const button = page.locator(id(name)).nth(1);
      await button.focus();
      await page.keyboard.press('Enter');
      const box = await page.locator('[role=menu]').boundingBox();
      assert.ok(box.x >= 0 && box.y >= 0 && box.x + box.width <= 1280 && box.y + box.height <= 800, JSON.stringify(box));
      const at = await button.boundingBox();
      assert.ok(Math.abs(box.y - (at.y + at.height)) < 10 || Math.abs(box.y + box.height - at.y) < 10, `${name} is by its button`);
      await page.keyboard.press('ArrowUp');
      assert.equal(await page.evaluate(() => document.activeElement.dataset.testid), 'btn-cancel');
      await page.keyboard.press('Escape');
      assert.equal(await page.locator('[role=menu]').count(), 0);
      assert.ok(await button.evaluate((e) => e === document.activeElement));
    }
  },
  async 'a list of which only some rows are drawn tells its size and the place of each row'(open) {
    const page = await open('big');
    const rows = () =>
      page.locator(id('file-list')).evaluate((grid) => ({
        size: Number(grid.getAttribute('aria-rowcount')),
        heads: grid.querySelectorAll('[role=columnheader]').length,
        columns: Number(grid.getAttribute('aria-colcount')),
        rows: [...grid.querySelectorAll('[data-testid=file-row]')].map((row) => ({
          place: Number(row.getAttribute('aria-rowindex')),
          index: Number(row.dataset.index),
          cells: row.querySelectorAll('[role=gridcell]').length,
          selected: row.getAttribute('aria-selected'),
          strips: [...row.querySelectorAll('[role=img]')].map((strip) => strip.getAttribute('aria-label')),
        })),
      }));
    const check = (list) => {
      assert.equal(list.size, 100_001, 'the head counts as a row');
      assert.equal(list.heads, list.columns);
      assert.equal(new Set(list.rows.map((row) => row.place)).size, list.rows.length, 'each place is there once');
      for (const row of list.rows) {
        assert.equal(row.place, row.index + 2);
        assert.equal(row.cells, list.columns);
        assert.ok(['true', 'false'].includes(row.selected));
        assert.ok(row.strips.length > 0 && row.strips.every((text) => text?.trim()), 'parts are told in words');
      }
    };
    await page.waitForSelector(`${id('file-row')} [role=img]`);
    check(await rows());
    await page.locator('.box').evaluate((e) => (e.scrollTop = e.scrollHeight));
    await page.waitForSelector('[data-file="g-big-99999"]');
    const end = await rows();
    check(end);
    assert.ok(end.rows.some((row) => row.place === 100_001));
  },
  async 'what a screen reader is told of by itself are ends of groups, never files that move'(open) {
    const page = await open('transfers', { still: false });
    await page.waitForSelector(`${id('file-row')} [role=img]`);
    await page.evaluate(() => {
      globalThis.told = [];
      const regions = '[aria-live], [role=status], [role=alert]';
      const tell = (records) => {
        for (const { target } of records) {
          const region = (target instanceof Element ? target : target.parentElement)?.closest(regions);
          const text = region?.textContent.trim();
          if (text) globalThis.told.push(text);
        }
      };
      new MutationObserver(tell).observe(document.body, { subtree: true, childList: true, characterData: true });
      globalThis.before = document.querySelector('[data-testid=file-row] [role=img]').getAttribute('aria-label');
    });
    await page.waitForFunction(
      () => document.querySelector('[data-testid=file-row] [role=img]').getAttribute('aria-label') !== globalThis.before,
    );
    await page.waitForTimeout(1500);
    assert.deepEqual(await page.evaluate(() => globalThis.told), [], 'files moved');
    await page.evaluate(() => globalThis.mock.end('g-autumn'));
    await page.waitForFunction(() => globalThis.told.length > 0);
    const told = new Set(await page.evaluate(() => globalThis.told));
    assert.equal(told.size, 1, [...told].join(' | '));
    assert.match([...told][0], /Autumn campaign, raw footage.*Done/);
  },
  async 'a question opens on the answer that changes nothing, keeps the focus, and closes by Esc'(open) {
    const page = await open('confirm');
    await page.waitForSelector(id('confirm'));
    const active = () => page.evaluate(() => document.activeElement.dataset.testid);
    assert.equal(await active(), 'confirm-no');
    await page.keyboard.press('Tab');
    assert.equal(await active(), 'confirm-yes');
    await page.keyboard.press('Tab');
    assert.equal(await active(), 'confirm-no');
    await page.keyboard.press('Shift+Tab');
    assert.equal(await active(), 'confirm-yes');
    await page.keyboard.press('Escape');
    await page.waitForSelector(id('confirm'), { state: 'detached' });
    assert.deepEqual(
      (await page.evaluate(() => globalThis.mock.calls)).filter((c) => c.includes('cancelled')),
      [],
    );
  },
  async 'no card moves when a drag comes in'(open) {
    const page = await open('transfers');
    const places = () => page.locator(id('group-card')).evaluateAll((cards) => cards.map((c) => c.getBoundingClientRect().top));
    const before = await places();
    await page.evaluate(() =>
      globalThis.mock.send({ type: 'drag', phase: 'enter', x: 3, y: 3, files: 1, folders: 0, bytes: 1, handle: null }),
    );
    await page.waitForSelector(id('drop-new-group'));
    assert.deepEqual(await places(), before);
    const { x, y } = await page.locator('[data-group=g-autumn] .nm').boundingBox();
    await page.evaluate(
      ([px, py]) => globalThis.mock.send({ type: 'drag', phase: 'drop', x: px, y: py, files: 1, folders: 0, bytes: 1, handle: 9 }),
      [x + 4, y + 4],
    );
    assert.ok((await page.evaluate(() => globalThis.mock.calls)).includes('drop_into 9 g-autumn'));
  },
  async 'a card is pulled to another place by its grip'(open) {
    const page = await open('transfers');
    const card = page.locator('[data-group=g-norrland]');
    await card.hover();
    const { x, y } = await card.locator(id('group-grip')).boundingBox();
    await page.mouse.move(x + 8, y + 8);
    await page.mouse.down();
    await page.mouse.move(x + 8, y - 40, { steps: 4 });
    await page.mouse.move(x + 8, 70, { steps: 6 });
    await page.mouse.up();
    await page.waitForFunction(() => globalThis.mock.calls.includes('move_group g-norrland 0'));
    assert.equal(await page.locator(id('group-card')).first().getAttribute('data-group'), 'g-norrland');
  },
  async 'a stretch of 100,000 rows is chosen by keys, and its menu opens in the window'(open) {
    const page = await open('big');
    await page.locator('[data-file="g-big-0"]').focus();
    // The rows at the end are still on their way: what is done to all that is chosen need not wait for them.
    await page.evaluate(() => (globalThis.mock.watchRows = () => new Promise(() => {})));
    await page.evaluate(() => {
      globalThis.scrolled = new Promise((done) => document.querySelector('.box').addEventListener('scroll', done, { once: true }));
    });
    await page.keyboard.press('Shift+End');
    await page.waitForFunction(() => document.querySelector('[data-testid=selected]')?.textContent === '100,000 files selected');
    // A menu closes when what is below it moves.
    await page.evaluate(() => globalThis.scrolled.then(() => undefined));
    await page.keyboard.press('Shift+F10');
    const box = await page.locator('[role=menu]').boundingBox();
    assert.ok(box.y >= 0 && box.y + box.height <= 800, JSON.stringify(box));
    await page.keyboard.press('Enter');
    assert.ok((await page.evaluate(() => globalThis.mock.calls)).includes('act_on_files g-big 0-100000 pause'));
  },
  async 'the palette keeps the focus, scrolls with the keys, is never cut, and gives the focus back'(open) {
    for (const [width, height] of [
      [1280, 800],
      [420, 480],
    ]) {
      const page = await open('transfers', { width, height, lang: 'de' });
      const head = page.locator(id('group-toggle')).first();
      await head.focus();
      await page.keyboard.press('Control+k');
      const active = () => page.evaluate(() => document.activeElement.dataset.testid);
      assert.equal(await active(), 'palette-field');
      const inside = async () => {
        const box = await page.locator(id('palette')).boundingBox();
        assert.ok(box.x >= 0 && box.y >= 0 && box.x + box.width <= width && box.y + box.height <= height, JSON.stringify(box));
        // The line that is chosen is seen whole, in the list.
        const seen = await page.evaluate(() => {
          const list = document.querySelector('[data-testid=palette-list]').getBoundingClientRect();
          const line = document.querySelector('[data-testid=palette-line][aria-selected=true]').getBoundingClientRect();
          return line.top >= list.top && line.bottom <= list.bottom && line.left >= list.left && line.right <= list.right;
        });
        assert.ok(seen, `${width}: the chosen line is seen`);
      };
      await inside();
      await page.keyboard.press('ArrowUp');
      await inside();
      await page.keyboard.press('ArrowDown');
      await inside();
      for (let i = 0; i < 3; i += 1) await page.keyboard.press('Tab');
      assert.ok(await page.evaluate(() => document.activeElement.closest('[data-testid=palette]') !== null), 'Tab stays inside');
      await page.keyboard.press('Escape');
      await page.waitForSelector(id('palette'), { state: 'detached' });
      assert.ok(await head.evaluate((e) => e === document.activeElement));
      await page.keyboard.press('Control+k');
      await page.keyboard.type('einstellungen netz');
      await page.keyboard.press('Enter');
      await page.waitForSelector('[data-testid=page-network][aria-current=true]');
      await page.context().close();
    }
  },
  async 'F5 and Ctrl+R ask the destinations or do nothing, and never load the page anew'(open) {
    const page = await open('transfers');
    await page.evaluate(() => (globalThis.same = true));
    for (const key of ['F5', 'Control+r', 'Control+Shift+R', 'Control+p', 'F3']) await page.keyboard.press(key);
    await page.waitForFunction(() => globalThis.mock.calls.filter((c) => c.startsWith('check_destination')).length === 2);
    await page.keyboard.press('Control+k');
    await page.waitForSelector(id('palette'));
    await page.keyboard.press('F5');
    assert.equal(await page.evaluate(() => globalThis.same), true);
  },
  async 'a group that is moved by keys keeps the focus, and F6 goes round the window'(open) {
    const page = await open('transfers');
    const head = page.locator('[data-group=g-harbour] [data-testid=group-toggle]');
    await head.focus();
    for (const [key, place] of [
      ['Alt+ArrowDown', 2],
      ['Alt+Home', 0],
      ['Alt+ArrowDown', 1],
    ]) {
      await page.keyboard.press(key);
      await page.waitForFunction((at) => document.querySelectorAll('[data-testid=group-card]')[at]?.dataset.group === 'g-harbour', place);
      assert.ok(await head.evaluate((e) => e === document.activeElement), key);
    }
    const around = [];
    for (let i = 0; i < 4; i += 1) {
      await page.keyboard.press('F6');
      around.push(await page.evaluate(() => document.activeElement.dataset.testid ?? document.activeElement.dataset.option ?? ''));
    }
    assert.deepEqual([around[0], around[3]], ['nav-transfers', 'group-toggle']);
    assert.ok(await head.evaluate((e) => e === document.activeElement));
  },
  async 'what the pointer is over in the palette is chosen when it moves, not when the list does'(open) {
    const page = await open('transfers');
    await page.keyboard.press('Control+k');
    const chosen = () => page.locator('[data-testid=palette-line][aria-selected=true]').getAttribute('data-command');
    const box = await page.locator(id('palette-list')).boundingBox();
    // In steps: the first of them only tells where the pointer is.
    await page.mouse.move(box.x + 50, box.y + 150, { steps: 3 });
    await page.waitForFunction(() => document.querySelector('[data-testid=palette-line][aria-selected=true]')?.dataset.command !== 'files');
    for (let i = 0; i < 13; i += 1) await page.keyboard.press('ArrowDown');
    const there = await chosen();
    // What a scroll tells of the pointer comes with the next frame.
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    assert.equal(await chosen(), there, 'a list that scrolls under a pointer at rest is not chosen from');
  },
  // §16: whoever goes by keys sees where they are, also in the smallest window.
  async 'what has the focus has a ring around it that nothing cuts'(open) {
    for (const size of [{}, { width: 640, height: 400 }]) {
      for (const scene of ['transfers', 'settings', 'history', 'preflight', 'watched', 'relaunch-elsewhere']) {
        await on(open, scene, size, async (page) => {
          const seen = await walk(page);
          assert.ok(seen.length > 8, `${scene}: ${seen.length} had the focus`);
          for (const { name, ring, cuts } of seen) {
            assert.ok(ring, `${scene}: ${name} has no ring`);
            assert.deepEqual(cuts, [], `${scene} ${JSON.stringify(size)}: the ring of ${name} is cut`);
          }
        });
      }
    }
  },
  // §16
  async 'nothing glides where less motion is wanted, by the system or in the settings'(open) {
    /** What moves in so many milliseconds, looked at in every frame. A change of one millisecond is none. */
    const moving = (page, ms) =>
      page.evaluate(
        (ms) =>
          new Promise((done) => {
            const found = new Set();
            const until = performance.now() + ms;
            const look = (now) => {
              for (const a of document.getAnimations()) {
                const { duration } = a.effect.getComputedTiming();
                if (a.playState === 'running' && duration > 1) found.add(`${a.animationName ?? a.transitionProperty} ${duration} ms`);
              }
              if (now < until) requestAnimationFrame(look);
              else done([...found]);
            };
            requestAnimationFrame(look);
          }),
        ms,
      );
    await on(open, 'transfers', { still: false }, async (page) => {
      const moved = () =>
        page
          .locator(`${id('file-row')} [role=img]`)
          .first()
          .getAttribute('aria-label');
      const before = await moved();
      assert.deepEqual(await moving(page, 2500), [], 'the system asks for less');
      assert.notEqual(await moved(), before, 'files move meanwhile');
      await page.emulateMedia({ reducedMotion: 'no-preference' });
      assert.notDeepEqual(await moving(page, 2500), [], 'nobody asks for less');
      await page.locator(id('nav-settings')).click();
      await page.locator(`${id('setting-motion')} [data-option=reduced]`).click();
      await page.waitForSelector(':root[data-motion=reduced]');
      await page.locator(id('nav-transfers')).click();
      await page.waitForSelector(id('group-card'));
      await page.waitForSelector(id('file-row'));
      assert.deepEqual(await moving(page, 2500), [], 'the person asks for less');
    });
  },
  // §16: 200 % of 1280 by 800.
  async 'at twice the size nothing is wider than the window, and the main button is at hand'(open) {
    for (const [scene, button] of [
      ['transfers', 'add-files'],
      ['settings', 'dest-add'],
      ['history', 'history-entry'],
      ['watched', 'watch-add'],
      ['preflight', 'preflight-accept'],
      ['relaunch', 'btn-resume-all'],
      ['relaunch-elsewhere', 'elsewhere-finish'],
      ['first-run', 'first-run-start'],
      ['insights', 'open-inbox'],
    ]) {
      await on(open, scene, { width: 640, height: 400 }, async (page) => {
        const [wide, seen] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
        assert.ok(wide <= seen, `${scene}: ${wide} px in ${seen}`);
        const hit = await page
          .locator(id(button))
          .first()
          .evaluate((e) => {
            e.scrollIntoView({ block: 'nearest' });
            const { left, top, right, bottom, width, height } = e.getBoundingClientRect();
            // Its corners too: half a button under the navigation is none.
            const points = [left + 4, left + width / 2, right - 4].flatMap((x) =>
              [top + 4, top + height / 2, bottom - 4].map((y) => [x, y]),
            );
            return points.every(([x, y]) => e.contains(document.elementFromPoint(x, y)));
          });
        assert.ok(hit, `${scene}: ${button} is covered`);
      });
    }
  },
  // N-2
  async 'every control of each screen is reached by Tab, or stands in a list that is'(open) {
    for (const scene of ['transfers', 'watched', 'history', 'insights', 'settings', 'preflight', 'relaunch-elsewhere']) {
      await on(open, scene, {}, async (page) => {
        await walk(page);
        const { all, missed } = await page.evaluate(() => {
          const { walked } = globalThis;
          // Before a dialog the rest of the window is out of reach.
          const root = document.querySelector('dialog:modal') ?? document;
          const composite = '[role=grid], [role=menu], [role=radiogroup], [role=listbox], [role=tablist]';
          const inReached = (e) => {
            const of = e.closest(composite);
            return of !== null && [...walked].some((one) => of.contains(one));
          };
          // Of radio buttons the chosen one has the focus; arrows go to the others.
          const radio = (e) => e.type === 'radio' && [...walked].some((one) => one.type === 'radio' && one.name === e.name);
          const controls = [...root.querySelectorAll('button, input, select, textarea, a[href], summary, [tabindex="0"]')].filter(
            (e) => !e.matches(':disabled') && e.checkVisibility({ visibilityProperty: true }) && e.getBoundingClientRect().width > 0,
          );
          const missed = controls.filter((e) => !walked.has(e) && !inReached(e) && !radio(e));
          return {
            all: controls.length,
            missed: missed.map((e) => `${e.localName} ${e.dataset.testid ?? ''} ${e.ariaLabel ?? e.textContent}`),
          };
        });
        assert.ok(all > 8, `${scene}: ${all} controls`);
        assert.deepEqual(missed, [], scene);
      });
    }
  },
  async 'everything that can be done is reached by Tab'(open) {
    const page = await open('relaunch');
    const seen = new Set();
    for (let i = 0; i < 40; i += 1) {
      await page.keyboard.press('Tab');
      seen.add(await page.evaluate(() => document.activeElement?.dataset?.testid ?? ''));
    }
    for (const name of [
      'nav-settings',
      'btn-pause-all',
      'destination-chip',
      'add-files',
      'btn-resume-all',
      'btn-group-resume',
      'btn-start-over',
      'btn-discard',
    ]) {
      assert.ok(seen.has(name), name);
    }
  },
};

const words = process.argv.slice(2).join(' ');
const wanted = Object.entries(tests).filter(([name]) => name.includes(words));
let failed = 0;
await withPage(async (open) => {
  for (const [name, test] of wanted) {
    try {
      await test(open);
      console.log(`ok   ${name}`);
    } catch (error) {
      failed += 1;
      console.error(`FAIL ${name}\n     ${error.message}`);
    }
  }
});
console.log(`${wanted.length - failed} passed, ${failed} failed`);
if (failed > 0) process.exitCode = 1;
