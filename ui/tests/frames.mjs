// npm run frames [FILE]: what a frame costs the page while 100,000 files are scrolled and 1,000 of them end each second.
//
// Two things are told apart: the page's own share of a frame (its script, styles, layout and what is to be painted), which is the
// same whoever paints; and the time between frames, which on a machine without a graphics card is that of its processor. Beside it
// stands the floor: a bare list that is scrolled by the same gesture in the same browser. The time between frames is taken in the
// engine of the window too. Figures go to FILE as JSON.
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { withPage } from './serve.mjs';
import { withWebKit } from './webkit.mjs';

const [file] = process.argv.slice(2);
const SECONDS = 8;
/** Pixels a second: of a wheel that is turned fast, and of a scroll bar that is dragged. */
const SPEEDS = { wheel: 2_400, dragged: 24_000 };
const BARE_ROWS = 2_000;
const FRAME = 1000 / 60;

/** Files end, in the page: `each` a second, ten deltas a second, and as many rows of those on screen as may. */
function finish(each) {
  const { mock } = globalThis;
  let done = 0;
  globalThis.finishing = setInterval(() => {
    done += each / 10;
    mock.finish(done);
  }, 100);
}

/** A list of plain text in the place of the page. */
function bare(rows) {
  document.body.innerHTML = '';
  const box = document.createElement('div');
  box.className = 'bare';
  box.style.cssText = 'height:100vh;overflow:auto';
  for (let n = 0; n < rows; n += 1) {
    const row = document.createElement('div');
    row.style.cssText = 'height:36px';
    row.textContent = `row ${n}`;
    box.append(row);
  }
  document.body.append(box);
}

/** The times of frames while a list goes on by `step` pixels each, for so many milliseconds. */
async function times(selector, step, wanted) {
  const box = document.querySelector(selector);
  const all = [];
  await new Promise((done) => {
    const next = (now) => {
      all.push(now);
      box.scrollTop += step;
      if (box.scrollTop + box.clientHeight >= box.scrollHeight - 1) box.scrollTop = 0;
      if (now - all[0] < wanted) requestAnimationFrame(next);
      else done();
    };
    requestAnimationFrame(next);
  });
  return all;
}

const sorted = (numbers) => numbers.toSorted((a, b) => a - b);
const at = (numbers, share) => Math.round((sorted(numbers)[Math.floor(numbers.length * share)] ?? 0) * 10) / 10;
const told = (numbers) => ({
  frames: numbers.length,
  median: at(numbers, 0.5),
  p95: at(numbers, 0.95),
  worst: at(numbers, 0.999999),
  over_frame: numbers.filter((n) => n > FRAME).length,
});

/** Scrolls as a wheel does, and tells what each frame and each other task took of the page's own thread. */
async function scrolled(page, box, speed) {
  const cdp = await page.context().newCDPSession(page);
  const place = await box.boundingBox();
  const events = [];
  cdp.on('Tracing.dataCollected', ({ value }) => events.push(...value));
  await cdp.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories: ['cc', 'toplevel'] } });
  let left = speed * SECONDS;
  while (left > 0) {
    const distance = Math.min(left, speed * 2);
    await cdp.send('Input.synthesizeScrollGesture', {
      x: place.x + place.width / 2,
      y: place.y + place.height / 2,
      yDistance: -distance,
      speed,
      gestureSourceType: 'mouse',
      preventFling: true,
    });
    left -= distance;
  }
  const whole = new Promise((done) => cdp.once('Tracing.tracingComplete', done));
  await cdp.send('Tracing.end');
  await whole;
  // Scripts, styles, layout, what is to be painted, and handing it over.
  const frames = events.filter((e) => e.ph === 'X' && e.name === 'ProxyMain::BeginMainFrame').toSorted((a, b) => a.ts - b.ts);
  const inFrame = (task) => frames.some((f) => f.pid === task.pid && f.ts >= task.ts && f.ts < task.ts + task.dur);
  const page_ = frames[0];
  const tasks = events.filter(
    (e) => e.ph === 'X' && e.name === 'ThreadControllerImpl::RunTask' && e.pid === page_?.pid && e.tid === page_?.tid && e.dur > 1000,
  );
  return {
    work_ms: told(frames.map((f) => f.dur / 1000)),
    between_ms: told(frames.slice(1).map((f, i) => (f.ts - frames[i].ts) / 1000)),
    other_tasks_ms: told(tasks.filter((task) => !inFrame(task)).map((task) => task.dur / 1000)),
  };
}

const figures = { cores: cpus().length, files: 100_000, files_per_s: 1000, seconds: SECONDS, frame_ms: Math.round(FRAME * 10) / 10 };
await withPage(async (open, addressOf) => {
  for (const [name, speed] of Object.entries(SPEEDS)) {
    const page = await open('big', { clock: false });
    const box = page.locator('.box');
    const still = await scrolled(page, box, speed);
    await box.evaluate((e) => (e.scrollTop = 0));
    await page.evaluate(finish, figures.files_per_s);
    const busy = await scrolled(page, box, speed);
    const ended = await page.evaluate(() => globalThis.mock.ended());
    await page.context().close();
    const plain = await open('big', { clock: false });
    await plain.evaluate(bare, BARE_ROWS);
    const floor = await scrolled(plain, plain.locator('.bare'), Math.min(speed, (BARE_ROWS * 36) / SECONDS));
    await plain.context().close();
    figures[name] = { pixels_per_s: speed, still, busy: { ended, ...busy }, floor };
    for (const [what, of] of Object.entries({ still, busy, floor })) {
      console.log(
        `${name.padEnd(8)} ${what.padEnd(6)} page's share ${JSON.stringify(of.work_ms)}, between frames ${JSON.stringify(of.between_ms)}`,
      );
    }
  }
  figures.webkit = await inWebKit(addressOf('big'));
});

/** The same in the engine of the window, which tells no more than when a frame was. */
async function inWebKit(address) {
  const all = {};
  await withWebKit(async (run) => {
    const looked = (before, selector, speed) =>
      run(
        address,
        `${finish} ${bare} ${times}
        while (!document.querySelector('[data-testid=app-ready] .box')) await new Promise((later) => setTimeout(later, 50));
        const [before, selector, step, wanted, each, rows] = arguments;
        if (before === 'bare') bare(rows);
        if (before === 'finish') finish(each);
        return { times: await times(selector, step, wanted), ended: before === 'finish' ? globalThis.mock.ended() : 0 };`,
        before,
        selector,
        Math.round(speed / 60),
        SECONDS * 1000,
        figures.files_per_s,
        BARE_ROWS,
      ).then(({ times: at, ended }) => ({ ended, between_ms: told(at.slice(1).map((t, i) => t - at[i])) }));
    for (const [name, speed] of Object.entries(SPEEDS)) {
      all[name] = {
        still: await looked('', '.box', speed),
        busy: await looked('finish', '.box', speed),
        floor: await looked('bare', '.bare', speed),
      };
      for (const [what, of] of Object.entries(all[name])) console.log(`webkit ${name.padEnd(8)} ${what.padEnd(6)} ${JSON.stringify(of)}`);
    }
  });
  return all;
}
if (file) writeFileSync(file, `${JSON.stringify(figures, null, 2)}\n`);
