/** What `make widget` builds: one file with a hash and an integrity value, its late parts, the client, and React. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { API, BAAS_PUBLISHABLE_KEY, BAAS_URL, fillAddress, launch, open, picture, serve } from './harness.mjs';

const widget = fileURLToPath(new URL('../../widget/', import.meta.url));
const folder = new URL('../../baas/widget_release/', import.meta.url);
let browser, manifest;
before(async () => {
  execFileSync('node', ['scripts/build.mjs'], { cwd: widget });
  manifest = JSON.parse(readFileSync(new URL('manifest.json', folder), 'utf8'));
  browser = await launch();
});
after(() => browser.close());

const read = (name) => readFileSync(new URL(name, folder));

/** Serves the release as the deployment does: the stable names and the hashed ones. */
const host = (pages, headers) =>
  serve((path) => {
    if (pages[path] !== undefined) return pages[path];
    const name = path.replace('/widget/v1/', '');
    const file = manifest.files[name]?.file ?? name;
    return /\.js(\.map)?$/.test(file) ? { body: read(file), type: 'text/javascript', headers: { 'Access-Control-Allow-Origin': '*' } } : undefined;
  }, headers);

test('the core fits its budget, and every value in the manifest is true', () => {
  const { file } = manifest.files['baas.js'];
  assert.ok(gzipSync(read(file), { level: 9 }).length <= 15 * 1024);
  for (const { file: name, integrity, bytes } of Object.values(manifest.files)) {
    assert.equal(integrity, `sha256-${createHash('sha256').update(read(name)).digest('base64')}`);
    assert.equal(read(name).length, bytes);
    assert.equal(JSON.parse(read(`${name}.map`)).version, 3);
    assert.match(read(name).toString(), new RegExp(`sourceMappingURL=${name}\\.map\\n$`));
  }
  const { sources, sourcesContent } = JSON.parse(read(`${file}.map`));
  assert.ok(sources.some((source) => source.endsWith('cart.js')) && sourcesContent.length === sources.length);
});

test('pinned by its integrity, from one origin, under a strict policy, it sells', async () => {
  const { file, integrity } = manifest.files['baas.js'];
  const page = await open(browser);
  const pages = await host({
    '/': `<!doctype html><html lang="es"><meta charset="utf-8"><title>x</title><link rel="icon" href="data:,"><script type="module" src="/widget/v1/${file}" integrity="${integrity}" crossorigin="anonymous" data-key="${BAAS_PUBLISHABLE_KEY}" data-api="${API}"></script><body><baas-cart></baas-cart><baas-products limit="4"></baas-products></body></html>`,
    '/stable': `<!doctype html><html lang="pt-BR"><meta charset="utf-8"><title>x</title><link rel="icon" href="data:,"><script type="module" src="/widget/v1/baas.js" data-key="${BAAS_PUBLISHABLE_KEY}" data-api="${API}"></script><body><baas-product handle="mate-imperial-alpaca"></baas-product></body></html>`,
    '/tampered': `<!doctype html><title>x</title><link rel="icon" href="data:,"><script type="module" src="/widget/v1/${manifest.files['late.js'].file}" integrity="${integrity}"></script>`,
  }, { 'Content-Security-Policy': `default-src 'none'; script-src 'self'; connect-src ${BAAS_URL}; img-src ${BAAS_URL} data:; style-src 'none'; base-uri 'none'; form-action 'none'` });
  await page.goto(pages.url);
  await page.locator('baas-products').getByRole('button', { name: /Elegir opciones de Tabla/ }).click();
  await page.locator('baas-quick-view [part=button]').click();
  await page.locator('baas-cart dialog[open] [part=checkout]').click();
  await fillAddress(page);
  await picture(page, 'release-checkout');
  await page.locator('baas-checkout [part=pay]').click();
  await page.waitForURL(/sandbox/);
  await page.click('button.go');
  await page.locator('baas-cart dialog[open] baas-order-status .steps li:nth-child(2).done').waitFor({ timeout: 30_000 });
  assert.deepEqual(page.complaints, []);
  await page.goto(`${pages.url}/stable`);
  await page.locator('baas-product').getByRole('button', { name: 'Adicionar ao carrinho' }).waitFor();
  await page.goto(`${pages.url}/tampered`);
  await page.waitForTimeout(300);
  assert.ok(page.complaints.some((text) => /integrity/.test(text)), 'a changed file is refused');
  pages.stop();
});

test('the client alone, and the React components over the same cart', async () => {
  const { build } = createRequire(`${widget}package.json`)('esbuild');
  const app = `
    import { createElement as h, useEffect } from 'react';
    import { createRoot } from 'react-dom/client';
    import '${widget}src/baas.js';
    import { BaasProvider, BaasBuyButton, BaasCart, BaasCheckout, BaasOrderStatus, BaasProduct, BaasProducts, useCart, useProducts, useShop } from '${widget}src/react.js';
    function Asks() {
      const shop = useShop();
      useEffect(() => void shop.store().then(({ name }) => (window.storeName = name)), [shop]);
      return null;
    }
    function Own() {
      const { products, isLoading } = useProducts({ category: 'asado', limit: 3 });
      const { cart, count, add, setQuantity } = useCart();
      return h('section', null,
        h('p', { id: 'state' }, isLoading ? 'loading' : products.length + ' products, ' + count + ' in the cart'),
        products.map((each) => h('button', { key: each.id, className: 'own', onClick: () => add(each.variants[0].id) }, each.name)),
        cart?.items.map((item) => h('button', { key: item.id, className: 'drop', onClick: () => setQuantity(item.id, 0) }, 'drop')));
    }
    createRoot(document.querySelector('#app')).render(
      h(BaasProvider, { shopKey: '${BAAS_PUBLISHABLE_KEY}', api: '${API}', locale: 'es-AR' },
        h(Own), h(BaasCart, { quiet: true }), h(BaasProducts, { layout: 'list', limit: 2, onAdded: ({ detail }) => (window.added = detail.product.name) }),
        h(BaasProduct, { handle: 'mate-imperial-alpaca', heading: 3 }), h(BaasBuyButton, { product: 'recetario-del-litoral', label: 'Lo quiero' }), h(BaasCheckout, { countries: 'AR', returnUrl: '/gracias' }), h(BaasOrderStatus), h(Asks)));`;
  const bundle = await build({ stdin: { contents: app, resolveDir: widget, loader: 'js' }, bundle: true, format: 'esm', write: false, define: { 'process.env.NODE_ENV': '"production"' } });
  const pages = await host({
    '/app.js': { body: bundle.outputFiles[0].text, type: 'text/javascript' },
    '/react': '<!doctype html><html lang="es"><meta charset="utf-8"><title>x</title><link rel="icon" href="data:,"><div id="app"></div><script type="module" src="/app.js"></script></html>',
    '/client': `<!doctype html><meta charset="utf-8"><title>x</title><link rel="icon" href="data:,"><ul></ul><script type="module">
      import { createClient } from '/widget/v1/client.js';
      const shop = createClient({ key: '${BAAS_PUBLISHABLE_KEY}', api: '${API}' });
      const { items } = await shop.products.list({ category: 'asado' });
      for (const { name } of items) document.querySelector('ul').append(Object.assign(document.createElement('li'), { textContent: name }));
    </script>`,
  });
  const page = await open(browser);
  await page.goto(`${pages.url}/react`);
  await page.locator('button.own').first().click();
  await page.getByText('2 products, 1 in the cart').waitFor();
  await page.locator('baas-cart [part=count]:not(.zero)').waitFor();
  await page.locator('baas-products').getByRole('button', { name: /^Agregar .* al carrito/ }).first().click();
  await page.waitForFunction(() => window.added && window.storeName);
  await page.locator('baas-product h3').waitFor();
  await page.locator('baas-buy-button').getByText('Lo quiero').waitFor();
  await page.locator('baas-checkout[return-url="/gracias"] [name=country]').waitFor();
  await page.locator('baas-order-status', { hasText: 'No podemos mostrar este pedido' }).waitFor();
  await page.getByText('2 products, 2 in the cart').waitFor();
  await page.locator('button.drop').first().click();
  await page.waitForFunction(() => !document.querySelector('button.drop') || document.querySelectorAll('button.drop').length < 2);
  assert.deepEqual(page.complaints, []);
  await page.goto(`${pages.url}/client`);
  await page.locator('li', { hasText: 'Cuchillo criollo' }).waitFor();
  pages.stop();
});
