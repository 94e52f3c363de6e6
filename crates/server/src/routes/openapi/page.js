// Shows /openapi.json: routes by topic, with what they take and answer. All text goes in as text.
const $ = (id) => document.getElementById(id);

function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** A schema as a sketch: `{ "id": uuid, "name"?: string }`. */
function sketch(schema, all, indent = '', seen = []) {
  if (schema.$ref) {
    const name = schema.$ref.split('/').pop();
    return seen.includes(name) || seen.length > 5 ? name : sketch(all[name], all, indent, [...seen, name]);
  }
  if (schema.enum) return schema.enum.length > 12 ? `one of ${schema.enum.length} words` : schema.enum.map((w) => `"${w}"`).join(' | ');
  if ('const' in schema) return `"${schema.const}"`;
  if (schema.anyOf) return schema.anyOf.map((s) => sketch(s, all, indent, seen)).join(' | ');
  if (schema.allOf) return schema.allOf.map((s) => sketch(s, all, indent, seen)).join(' & ');
  if (schema.prefixItems) return `[${schema.prefixItems.map((s) => sketch(s, all, indent, seen)).join(', ')}]`;
  if (schema.type === 'array') return `[${sketch(schema.items ?? {}, all, indent, seen)}, …]`;
  if (schema.type === 'null') return 'null';
  if (schema.properties) {
    const required = schema.required ?? [];
    const lines = Object.entries(schema.properties).map(([name, field]) => {
      const words = field.description && !field.$ref ? `  // ${field.description}` : '';
      return `${indent}  "${name}"${required.includes(name) ? '' : '?'}: ${sketch(field, all, `${indent}  `, seen)},${words}`;
    });
    return `{\n${lines.join('\n')}\n${indent}}`;
  }
  return schema.format ?? schema.type ?? 'any';
}

const part = (title, text) => [el('h3', {}, title), el('pre', { tabindex: 0 }, text)];

function fill(box, about, all) {
  const parts = [];
  if (about.description) parts.push(el('p', {}, about.description));
  const named = (about.parameters ?? []).map((p) => `${p.name}  (${p.in}${p.required ? '' : ', may be left out'})`);
  if (named.length > 0) parts.push(...part('Parameters', named.join('\n')));
  const body = about.requestBody?.content?.['application/json']?.schema;
  if (body) parts.push(...part('Takes', sketch(body, all)));
  for (const [status, answer] of Object.entries(about.responses)) {
    const schema = answer.content?.['application/json']?.schema;
    if (schema) parts.push(...part(`Answers ${status}`, sketch(schema, all)));
  }
  if (parts.length === 0) parts.push(el('p', {}, 'Takes nothing.'));
  box.replaceChildren(...parts);
}

function show(document, wanted) {
  const topics = new Map();
  let count = 0;
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, about] of Object.entries(methods)) {
      if (!`${method} ${path} ${about.summary} ${about.tags[0]}`.toLowerCase().includes(wanted)) continue;
      count += 1;
      const box = el('div', { class: 'inside' });
      const head = el('summary', {}, el('span', { class: `verb ${method}` }, method), el('code', {}, path), el('span', {}, about.summary));
      const route = el('details', {}, head, box);
      route.addEventListener('toggle', () => route.open && fill(box, about, document.components.schemas));
      topics.set(about.tags[0], [...(topics.get(about.tags[0]) ?? []), route]);
    }
  }
  const own = (name) => (name.startsWith('words of others') ? 1 : 0);
  const names = [...topics.keys()].sort((a, b) => own(a) - own(b) || a.localeCompare(b));
  $('routes').replaceChildren(...names.map((name) => el('section', {}, el('h2', {}, name), ...topics.get(name))));
  $('count').textContent = count === 1 ? '1 route' : `${count} routes`;
}

try {
  const described = await (await fetch('/openapi.json')).json();
  $('version').textContent = described.info.version;
  $('about').textContent = described.info.description;
  $('find').addEventListener('input', () => show(described, $('find').value.trim().toLowerCase()));
  show(described, '');
} catch (error) {
  $('notice').textContent = `The description can't be read: ${error.message}`;
  $('notice').hidden = false;
}
