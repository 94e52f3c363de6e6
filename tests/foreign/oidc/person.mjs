// What a person does in a browser: `node person.mjs ADDRESS LOGIN [no]` opens the address with the code in it, signs in
// there and agrees, or refuses. Every form is taken as it comes; only the fields that a person fills in are filled in.
const [address, login, answer] = process.argv.slice(2);
const cookies = new Map();

async function open(url, form) {
  for (let hops = 0; hops < 20; hops++) {
    const reply = await fetch(url, {
      method: form ? 'POST' : 'GET',
      body: form && new URLSearchParams(form),
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
    });
    for (const line of reply.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      cookies.set(name, value);
    }
    const next = reply.headers.get('location');
    if (!next) return { url, status: reply.status, text: await reply.text() };
    [url, form] = [new URL(next, url).href, undefined];
  }
  throw new Error('it leads in a circle');
}

function formOf(page) {
  const action = /<form[^>]*action="([^"]*)"/.exec(page.text)?.[1];
  if (!action) return undefined;
  const fields = {};
  for (const [tag] of page.text.matchAll(/<input[^>]*>/g)) {
    const of = (name) => new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1];
    if (of('name')) fields[of('name')] = of('value') ?? '';
  }
  return { action: new URL(action.replaceAll('&amp;', '&'), page.url).href, fields };
}

let page = await open(address);
const seen = [];
for (let form = formOf(page); form && seen.length < 10; form = formOf(page)) {
  seen.push(Object.keys(form.fields).join(' '));
  if ('login' in form.fields) Object.assign(form.fields, { login, password: 'any' });
  if (answer === 'no' && (form.fields.prompt === 'consent' || 'confirm' in form.fields)) {
    const abort = /href="([^"]*\/abort)"/.exec(page.text)?.[1];
    if (abort) {
      page = await open(new URL(abort, page.url).href);
      break;
    }
    form.fields.abort = 'yes';
  } else if ('user_code' in form.fields) {
    form.fields.confirm = 'yes';
  }
  page = await open(form.action, form.fields);
}
const title = /<title>([^<]*)/.exec(page.text)?.[1];
process.stdout.write(`${JSON.stringify({ status: page.status, title, forms: seen })}\n`);
