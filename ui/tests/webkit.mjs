// A page in WebKitGTK, the engine of the window, on a screen of its own: driven by the engine's own driver.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

const BROWSER = process.env.WEBKIT_BROWSER ?? '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser';
/** Tries for the driver to take a session, and what is between two. */
const TRIES = 100;
const BETWEEN_MS = 100;

/** Runs `work` with `run(url, script, ...values)`: opens the page and gives what the body of an async function returns in it. */
export async function withWebKit(work) {
  const screen = spawn('Xvfb', ['-displayfd', '1', '-screen', '0', '1280x900x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let driver;
  let session;
  let base;
  const call = async (method, path, body) => {
    const answer = await fetch(`${base}${path}`, { method, ...(body ? { body: JSON.stringify(body) } : {}) });
    const { value } = await answer.json();
    if (!answer.ok) throw new Error(`${path}: ${value?.message ?? answer.status}`);
    return value;
  };
  try {
    const [number] = await once(screen.stdout, 'data');
    const port = await freePort();
    base = `http://127.0.0.1:${port}`;
    // As the window's tests have it: behind a virtual screen the processor paints, and without a detour over layers.
    const painted = { LIBGL_ALWAYS_SOFTWARE: '1', WEBKIT_DISABLE_COMPOSITING_MODE: '1' };
    const env = { ...process.env, ...painted, DISPLAY: `:${String(number).trim()}`, GDK_BACKEND: 'x11' };
    driver = spawn('WebKitWebDriver', [`--port=${port}`, '--host=127.0.0.1'], { env, stdio: 'ignore' });
    await ready(call);
    const browserOptions = { binary: BROWSER, args: ['--automation'] };
    const made = await call('POST', '/session', { capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': browserOptions } } });
    session = `/session/${made.sessionId}`;
    await call('POST', `${session}/timeouts`, { script: 120_000 });
    await work(async (url, body, ...values) => {
      await call('POST', `${session}/url`, { url });
      const script = `const done = arguments[arguments.length - 1];
        (async function () { ${body} }).apply(null, Array.from(arguments).slice(0, -1)).then((value) => done({ value }), (why) => done({ why: String(why) }));`;
      const { value, why } = await call('POST', `${session}/execute/async`, { script, args: values });
      if (why) throw new Error(why);
      return value;
    });
  } finally {
    if (session) await call('DELETE', session).catch(() => undefined);
    driver?.kill();
    screen.kill();
  }
}

async function ready(call) {
  for (let left = TRIES; ; left -= 1) {
    const why = await call('GET', '/status').then(
      ({ ready }) => (ready ? null : new Error('the driver takes no session')),
      (e) => e,
    );
    if (why === null) return;
    if (left === 0) throw why;
    await new Promise((later) => setTimeout(later, BETWEEN_MS));
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
