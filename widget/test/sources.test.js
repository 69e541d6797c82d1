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

test('no import leads in a circle, whether at once or later', () => {
  const names = new Set(sources.map(([name]) => name));
  /** @type {Map<string, string[]>} */
  const imports = new Map();
  for (const [name, source] of sources) {
    // Types in comments are no imports: nothing is loaded for them.
    const code = source.replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '');
    const wanted = [...code.matchAll(/^(?:import|export)\b[^;]*?from '(\.[^']+)'|^import '(\.[^']+)'|\bimport\('(\.[^']+)'\)/gm)];
    imports.set(name, wanted.map((found) => new URL(found[1] ?? found[2] ?? found[3], `file:///${name}`).pathname.slice(1)));
  }
  assert.deepEqual([...imports.values()].flat().filter((name) => !names.has(name)), []);
  assert.ok(imports.get('sources.js')?.includes('late.js'), 'what is imported later counts, too');

  /** @type {Map<string, 'open' | 'done'>} */
  const seen = new Map();
  /** @param {string} name @param {string[]} way @returns {string[]} the way in a circle, if there is one */
  const circle = (name, way) => {
    if (seen.get(name) === 'open') return [...way.slice(way.indexOf(name)), name];
    if (seen.has(name)) return [];
    seen.set(name, 'open');
    for (const next of imports.get(name) ?? []) {
      const found = circle(next, [...way, name]);
      if (found.length) return found;
    }
    seen.set(name, 'done');
    return [];
  };
  for (const name of names) {
    const found = seen.has(name) ? [] : circle(name, []);
    assert.deepEqual(found, [], found.join(' → '));
  }
});
