import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const root = new URL('../../', import.meta.url);
/** @type {[string, string][]} Module names with their text. */
const sources = readdirSync(new URL('widget/src/', root), { recursive: true })
  .map(String)
  .filter((name) => name.endsWith('.js'))
  .map((name) => [name, readFileSync(new URL(`widget/src/${name}`, root), 'utf8')]);

test('nothing takes HTML, and nothing runs a text', () => {
  for (const [name, source] of sources) {
    assert.doesNotMatch(source, /\b(innerHTML|outerHTML|insertAdjacentHTML|setHTML\w*|createContextualFragment|DOMParser|document\.write|eval|new Function)\b/, name);
  }
});

test('docs/widget.md names every attribute, part and custom property that there is', () => {
  const text = readFileSync(new URL('docs/widget.md', root), 'utf8');
  const rows = new Map([...text.matchAll(/^\| `<(baas-[a-z-]+)>` \|.*$/gm)].map(([row, name]) => [name, row]));
  const missing = [];
  for (const [name, source] of sources) {
    for (const [, part] of source.matchAll(/\bpart: '([a-z-]+)'/g)) if (!text.includes(`\`${part}\``)) missing.push(`part ${part}`);
    for (const [, property] of source.matchAll(/var\((--baas-[a-z-]+)/g)) if (!text.includes(`\`${property}\``)) missing.push(property);
    const row = rows.get(`baas-${name.replace(/^.*\/|\.js$/g, '')}`);
    if (!row || !name.startsWith('elements/')) continue;
    const observed = /observedAttributes = \[(.*)\]/.exec(source)?.[1].match(/'[a-z-]+'/g) ?? [];
    const asked = [...source.matchAll(/(?:get|has)Attribute\('([a-z-]+)'\)/g)].map(([, attribute]) => attribute);
    for (const attribute of [...observed.map((quoted) => quoted.slice(1, -1)), ...asked]) if (!row.includes(`\`${attribute}\``) && !/and those of the next/.test(row)) missing.push(`${name}: ${attribute}`);
  }
  assert.equal(rows.size, 7);
  assert.deepEqual([...new Set(missing)], []);
});
