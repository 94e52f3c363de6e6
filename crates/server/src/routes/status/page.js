// The page of operators: asks /v1/status every few seconds and shows it. All text goes in as text, never as markup.
const EVERY_MS = 5_000;
const KEPT = 'windlass-status-token';

const $ = (id) => document.getElementById(id);
let token = sessionStorage.getItem(KEPT) ?? '';
let of = 'files';
let status = null;
let timer = 0;

/** An element with attributes and children; strings become text. */
function el(name, attributes = {}, ...children) {
  const svg = ['svg', 'rect', 'line', 'title'].includes(name);
  const made = svg ? document.createElementNS('http://www.w3.org/2000/svg', name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

const whole = new Intl.NumberFormat('en');
const clock = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
const hour = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', hour12: false });

function bytes(n) {
  if (n === null) return '?';
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let at = 0;
  while (n >= 999.5 && at < units.length - 1) {
    n /= 1000;
    at += 1;
  }
  return `${at === 0 || n >= 99.95 ? Math.round(n) : n.toFixed(1)} ${units[at]}`;
}

function time(seconds) {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}

const ago = (at) => `${time(Math.max(0, (status.at - at) / 1000))} ago`;
const many = (n, one, more = `${one}s`) => `${whole.format(n)} ${n === 1 ? one : more}`;

/** A table, or a word when there is nothing. Columns: [head, cell of a row, class]. */
function table(into, name, rows, none, columns) {
  if (rows.length === 0) {
    $(into).replaceChildren(el('p', { class: 'empty' }, none));
    return;
  }
  const head = columns.map(([title, , kind]) => el('th', { scope: 'col', ...(kind ? { class: kind } : {}) }, title));
  const body = rows.map((row) =>
    el('tr', {}, ...columns.map(([, cell, kind]) => el('td', kind ? { class: kind } : {}, ...[cell(row)].flat()))),
  );
  $(into).replaceChildren(el('table', { 'aria-label': name }, el('thead', {}, el('tr', {}, ...head)), el('tbody', {}, ...body)));
}

function figures() {
  const it = status[of];
  const { success_rate_24h: rate, average_upload_seconds_24h: average } = it;
  const set = (id, text, kind = '') => {
    $(id).textContent = text;
    $(id).className = kind;
  };
  set('rate', rate === null ? '–' : `${(Math.floor(rate * 1000) / 10).toFixed(1)} %`, rate !== null && rate < 0.95 ? 'bad' : '');
  set('rate-of', `${whole.format(it.succeeded_24h)} arrived, ${whole.format(it.failed_24h)} failed`);
  set('average', average === null ? '–' : time(average));
  const failed = it.failed_reasons_7d.reduce((sum, reason) => sum + reason.count, 0);
  set('failed', whole.format(failed));
  set('failed-most', it.failed_reasons_7d.length > 0 ? `most: ${it.failed_reasons_7d[0].reason}` : 'none');
  set('abandoned-n', whole.format(it.abandoned), it.abandoned > 0 ? 'hold' : '');
  const most = Math.max(1, ...it.failed_reasons_7d.map((reason) => reason.count));
  table('why', 'Failures by reason', it.failed_reasons_7d, 'Nothing failed.', [
    ['Reason', (r) => r.reason],
    ['Share', (r) => el('progress', { max: most, value: r.count, 'aria-label': `${r.reason}: ${r.count} of ${failed}` })],
    ['Count', (r) => whole.format(r.count), 'n'],
  ]);
  $('why').className = 'reasons';
  for (const button of document.querySelectorAll('[data-of]')) {
    button.setAttribute('aria-pressed', String(button.dataset.of === of));
  }
}

function chart() {
  const { hours } = status;
  const most = Math.max(...hours.map((h) => h.bytes), 1);
  const sum = (key) => hours.reduce((all, h) => all + h[key], 0);
  const said = `${bytes(sum('bytes'))} in ${many(sum('files'), 'file')}, 24 h`;
  $('hours-n').textContent = said;
  const bars = hours.map((h, i) => {
    const height = h.files === 0 ? 2 : Math.max(4, (h.bytes / most) * 140);
    const box = { x: i * 20 + 3, y: 148 - height, width: 14, height, rx: 2, class: h.files === 0 ? 'none' : 'some' };
    const words = `${hour.format(h.from)}: ${bytes(h.bytes)} in ${many(h.files, 'file')}`;
    return el('rect', box, el('title', {}, words));
  });
  const base = el('line', { class: 'base', x1: 0, x2: 480, y1: 149.5, y2: 149.5 });
  const label = `Bytes by hour: ${said}; at most ${bytes(most === 1 ? 0 : most)} in an hour`;
  const svg = { class: 'chart', viewBox: '0 0 480 150', preserveAspectRatio: 'none', role: 'img', 'aria-label': label };
  const marks = [0, 8, 16, 23].map((i) => el('span', {}, hour.format(hours[i].from)));
  $('hours').replaceChildren(el('svg', svg, ...bars, base), el('div', { class: 'axis', 'aria-hidden': 'true' }, ...marks));
}

const owner = (row) => (row.owner === null ? el('span', { class: 'soft' }, 'anonymous') : el('span', { class: 'who' }, row.owner));
const group = (row) => row.group ?? el('span', { class: 'soft' }, 'no group');

function show() {
  const { waiting } = status;
  const alarms = [
    [waiting.jobs, 'bad', (n) => `${many(n, 'job')} gave up`],
    [waiting.storage_events, 'hold', (n) => `${many(n, 'storage event')} set aside`],
    [waiting.webhooks_failing, 'hold', (n) => `${many(n, 'webhook')} failing`],
    [waiting.webhooks_disabled, 'bad', (n) => `${many(n, 'webhook')} given up`],
    [waiting.strays, 'hold', (n) => `${many(n, 'object')} without a row`],
  ].filter(([n]) => n > 0);
  const items = alarms.map(([n, kind, words]) => el('li', { class: kind }, words(n)));
  $('alarms').replaceChildren(...(items.length > 0 ? items : [el('li', { class: 'good' }, 'Nothing waits for a person')]));

  figures();
  chart();
  const open = status.uploading.reduce((sum, row) => sum + row.files, 0);
  $('now-n').textContent = open > 0 ? `${many(open, 'file')}, ${many(new Set(status.uploading.map((r) => r.owner_id)).size, 'uploader')}` : '';
  table('now', 'Uploading now', status.uploading, 'Nobody uploads at the moment.', [
    ['Who', owner],
    ['Group', group],
    ['To', (r) => r.destination],
    ['Files', (r) => whole.format(r.files), 'n'],
    [
      'Stored',
      (r) => [
        el('progress', { max: Math.max(1, r.bytes), value: r.bytes_stored, 'aria-label': `${bytes(r.bytes_stored)} of ${bytes(r.bytes)}` }),
        ` ${bytes(r.bytes_stored)} of ${bytes(r.bytes)}`,
      ],
    ],
    ['Last sign', (r) => ago(r.alive_at), 'n'],
  ]);
  table('jobs', 'Jobs', status.jobs, 'No jobs in the last 24 hours.', [
    ['Type', (r) => r.type],
    ['Waiting', (r) => whole.format(r.waiting), 'n'],
    ['Running', (r) => (r.running > 0 ? el('span', { class: 'pill run' }, whole.format(r.running)) : '0'), 'n'],
    ['Done, 24 h', (r) => whole.format(r.completed_24h), 'n'],
    ['Gave up, 24 h', (r) => (r.failed_24h > 0 ? el('span', { class: 'pill bad' }, whole.format(r.failed_24h)) : '0'), 'n'],
  ]);
  $('dead-n').textContent = waiting.jobs > status.dead_jobs.length ? `the newest ${status.dead_jobs.length} of ${whole.format(waiting.jobs)}` : '';
  table('dead', 'Jobs that gave up', status.dead_jobs, 'None.', [
    ['Job', (r) => [r.type, el('br'), el('span', { class: 'soft' }, r.path)]],
    ['Who', owner],
    ['Why', (r) => el('span', { class: 'pill bad', title: r.error_detail ?? '' }, r.error_code ?? 'unknown')],
    ['When', (r) => (r.at === null ? '?' : ago(r.at)), 'n'],
  ]);
  const { abandoned } = status.files;
  $('quiet-n').textContent = abandoned > status.abandoned.length ? `the quietest ${status.abandoned.length} of ${whole.format(abandoned)}` : '';
  table('quiet', 'Abandoned uploads', status.abandoned, 'None: every open upload gave a sign of life within the hour.', [
    ['File', (r) => r.path],
    ['Group', group],
    ['Who', owner],
    ['Size', (r) => bytes(r.bytes), 'n'],
    ['Parts', (r) => `${whole.format(r.parts_done)} of ${whole.format(r.parts)}`, 'n'],
    ['Last sign', (r) => ago(r.alive_at), 'n'],
  ]);
  $('as-of').textContent = `as of ${clock.format(status.at)}`;
}

function say(text) {
  if ($('notice').textContent !== text) $('notice').textContent = text;
  $('notice').hidden = text === '';
}

function knock(why) {
  token = '';
  sessionStorage.removeItem(KEPT);
  status = null;
  clearTimeout(timer);
  $('board').hidden = true;
  $('leave').hidden = true;
  $('as-of').textContent = '';
  $('door').hidden = false;
  $('token').value = '';
  say(why);
  $('token').focus();
}

async function ask() {
  clearTimeout(timer);
  const mine = token;
  try {
    const answer = await fetch('/v1/status', { headers: { authorization: `Bearer ${mine}` }, cache: 'no-store' });
    const body = await answer.json();
    if (mine !== token) return;
    if (answer.status === 401) return knock('The server does not know this token.');
    if (answer.status === 403) return knock('This token is not an admin’s.');
    if (!answer.ok) throw new Error(body.detail ?? body.title ?? `status ${answer.status}`);
    status = body;
    sessionStorage.setItem(KEPT, mine);
    say('');
    $('door').hidden = true;
    $('board').hidden = false;
    $('leave').hidden = false;
    show();
  } catch (error) {
    if (mine !== token) return;
    // What was shown stays, with its time.
    say(`The server does not answer: ${error.message}. Asked again in ${EVERY_MS / 1000} s.`);
  }
  timer = setTimeout(ask, document.hidden ? 60_000 : EVERY_MS);
}

$('place').textContent = location.host;
$('door').addEventListener('submit', (event) => {
  event.preventDefault();
  token = $('token').value.trim();
  if (/^[\x21-\x7e]+$/.test(token)) void ask();
  else knock('That is no token: it has spaces or other signs in it.');
});
$('leave').addEventListener('click', () => knock(''));
for (const button of document.querySelectorAll('[data-of]')) {
  button.addEventListener('click', () => {
    of = button.dataset.of;
    figures();
  });
}
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && token !== '' && status !== null) void ask();
});
if (token === '') knock('');
else void ask();
