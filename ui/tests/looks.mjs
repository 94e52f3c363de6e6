// npm run looks [SCENE…]: every scene, light, dark and in the smallest window, against its picture in tests/looks.
//
// A picture may differ by what antialiasing does and by a few dots; a line that moved by a pixel is more than that. What
// differs is written to target/looks: the picture as it is now and, in red, where. WINDLASS_BLESS=1 takes the pictures as
// they are now (needs ImageMagick's `convert`, which makes them small).
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pixelmatch from 'pixelmatch';
import { PNG } from 'pngjs';
import { SCENES, withPage } from './serve.mjs';

const references = fileURLToPath(new URL('looks/', import.meta.url));
const differences = fileURLToPath(new URL('../../target/looks/', import.meta.url));
const bless = process.env.WINDLASS_BLESS === '1';
/** Dots that may differ. */
const TOLERANCE = 20;
/** Its names have letters of scripts for which each machine has another font. */
const WITHOUT = ['hostile'];
const WAYS = [
  ['light', {}],
  ['dark', { theme: 'dark' }],
  ['narrow', { width: 420 }],
];
/** And these, where all that they change is seen. */
const MORE = [
  ['contrast', { theme: 'contrast' }],
  ['contrast-dark', { theme: 'contrast', system: 'dark' }],
  ['compact', { density: 'compact' }],
  ['forced', { forced: true }],
];
const IN_MORE = ['transfers', 'appearance', 'states'];

const wanted = process.argv.slice(2);
const scenes = (wanted.length > 0 ? wanted : SCENES).filter((scene) => !WITHOUT.includes(scene));
const waysOf = (scene) => (IN_MORE.includes(scene) ? [...WAYS, ...MORE] : WAYS);
const looks = scenes.flatMap((scene) => waysOf(scene).map(([way, options]) => ({ scene, name: `${scene}-${way}.png`, options })));
const wrong = [];

/** Few colours are enough to see where something stands. */
function keep(name, picture) {
  execFileSync(
    'convert',
    ['png:-', '+dither', '-colors', '128', '-strip', '-define', 'png:compression-level=9', `png8:${references}${name}`],
    {
      input: picture,
    },
  );
}

/** The page when it has come to rest: two pictures one after the other are the same. */
async function atRest(page) {
  const shot = () => page.screenshot({ animations: 'disabled', caret: 'hide' });
  let before = await shot();
  for (let again = 0; again < 40; again += 1) {
    const now = await shot();
    if (now.equals(before)) return now;
    before = now;
  }
  return before;
}

/** What is wrong with a picture, if anything is. */
function compare(name, picture) {
  const now = PNG.sync.read(picture);
  let then;
  try {
    then = PNG.sync.read(readFileSync(join(references, name)));
  } catch {
    return 'has no picture to compare with';
  }
  if (now.width !== then.width || now.height !== then.height) {
    return `is ${now.width} x ${now.height} and was ${then.width} x ${then.height}`;
  }
  const difference = new PNG({ width: now.width, height: now.height });
  const dots = pixelmatch(now.data, then.data, difference.data, now.width, now.height, { threshold: 0.2 });
  if (dots <= TOLERANCE) return null;
  writeFileSync(join(differences, name.replace('.png', '-where.png')), PNG.sync.write(difference));
  return `differs in ${dots} dots`;
}

mkdirSync(references, { recursive: true });
rmSync(differences, { recursive: true, force: true });
mkdirSync(differences, { recursive: true });
await withPage(
  async (open) => {
    const queue = [...looks];
    const worker = async () => {
      for (let look = queue.shift(); look; look = queue.shift()) {
        const page = await open(look.scene, look.options);
        const picture = await atRest(page);
        await page.context().close();
        if (bless) keep(look.name, picture);
        else {
          const why = compare(look.name, picture);
          if (why === null) continue;
          writeFileSync(join(differences, look.name), picture);
          wrong.push(`${look.name} ${why}`);
        }
      }
    };
    await Promise.all(cpus().slice(0, 4).map(worker));
  },
  { ownFonts: true },
);
if (wanted.length === 0) {
  // A picture that nothing is compared with would go stale unseen.
  const known = new Set(looks.map((look) => look.name));
  for (const name of readdirSync(references).filter((one) => !known.has(one))) {
    if (bless) rmSync(join(references, name));
    else wrong.push(`${name} is of no scene`);
  }
}
if (wrong.length > 0) {
  console.error(`${wrong.toSorted().join('\n')}\n\nSee ${differences}. If it should look so: WINDLASS_BLESS=1 npm run looks`);
  process.exitCode = 1;
}
console.log(`looks: ${looks.length} pictures, ${bless ? 'kept' : `${wrong.length} differ`}`);
