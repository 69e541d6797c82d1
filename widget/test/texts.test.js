import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import '../src/texts/en.js';
import '../src/texts/es.js';
import '../src/texts/pt.js';
import { languageOf, translator } from '../src/texts.js';

const source = (path) => readFileSync(new URL(`../src/${path}`, import.meta.url), 'utf8');
const words = (language) => Object.fromEntries([...source(`texts/${language}.js`).matchAll(/^  (\w+): '(.*)',$/gm)].map(([, name, text]) => [name, text]));

test('every language says the same things with the same blanks', () => {
  const english = words('en');
  for (const language of ['es', 'pt']) {
    const other = words(language);
    assert.deepEqual(Object.keys(other), Object.keys(english));
    for (const [name, text] of Object.entries(english)) {
      assert.deepEqual(other[name].match(/\{\w+\}/g)?.sort(), text.match(/\{\w+\}/g)?.sort(), `${language}.${name}`);
    }
  }
});

test('no text is left unused', () => {
  const code = ['', 'elements/'].flatMap((folder) => readdirSync(new URL(`../src/${folder}`, import.meta.url)).filter((name) => name.endsWith('.js')).map((name) => source(folder + name))).join('\n');
  const unused = Object.keys(words('en')).filter((name) => !code.includes(`'${name}'`) && !name.startsWith('st_'));
  assert.deepEqual(unused, []);
});

test('locales find their language, others read English', () => {
  assert.deepEqual(['es', 'es-AR', 'ES-mx', 'pt-BR', 'en-GB', 'fr', ''].map(languageOf), ['es', 'es', 'es', 'pt', 'en', 'en', 'en']);
  assert.equal(translator('es')('order', { number: '#1001' }), 'Pedido #1001');
  assert.equal(translator('xx')('order', { number: '#1001' }), '', 'nothing while a language is on its way');
});
