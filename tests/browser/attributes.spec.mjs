/** docs/widget.md, attribute by attribute: each one does what its table says. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { admin, API, axe, BAAS_PUBLISHABLE_KEY, BAAS_URL, fillAddress, html, launch, open, serve } from './harness.mjs';

let browser, page, pages, tazas;
const bodies = {};
before(async () => {
  browser = await launch();
  pages = await serve((path) => bodies[path]);
  tazas = await admin('POST', '/admin/products', {
    name: 'Taza de prueba', options: [{ name: 'Color', values: ['Roja', 'Verde'] }],
    variants: [{ price: 100, sku: 'TAZA-ROJA', option_values: ['Roja'], on_hand: 9 }, { price: 200, sku: 'TAZA-VERDE', option_values: ['Verde'], on_hand: 9 }],
    images: [{ url: 'https://pictures.example/taza.jpg', alt: 'Taza' }],
  });
});
after(async () => {
  await admin('DELETE', `/admin/products/${tazas.id}`);
  await browser.close();
  pages.stop();
});

/** A fresh page with this body. */
async function show(body, options, context) {
  bodies['/'] = html(body, options);
  page = await open(browser, context);
  await page.route('https://pictures.example/**', (route) => route.fulfill({ contentType: 'image/svg+xml', body: '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>' }));
  await page.goto(pages.url);
}
const items = (selector = 'baas-products') => page.evaluate((each) => document.querySelector(each).items, selector);
const set = (selector, name, value) => page.evaluate(([each, ...rest]) => document.querySelector(each).setAttribute(...rest), [selector, name, value]);
const cards = (count) => page.waitForFunction((n) => document.querySelector('baas-products').items?.length === n, count);

test('baas-products: category, q, sort, limit, product-url, and changing them', async () => {
  await show('<baas-products category="asado" sort="price" limit="2" product-url="/p/{handle}?id={id}"></baas-products>');
  await cards(2);
  const [first, second] = await items();
  assert.ok(first.price_range.min <= second.price_range.min);
  assert.ok(first.categories.some(({ slug }) => slug.startsWith('asado')));
  const link = page.locator('baas-products a.name').first();
  assert.equal(await link.getAttribute('href'), `/p/${first.handle}?id=${first.id}`);
  await set('baas-products', 'sort', '-price');
  await page.waitForFunction((id) => document.querySelector('baas-products').items?.[0] && document.querySelector('baas-products').items[0].id !== id, first.id);
  await set('baas-products', 'category', '');
  await set('baas-products', 'q', 'taza de prueba');
  await page.waitForFunction(() => document.querySelector('baas-products').items?.[0]?.name === 'Taza de prueba');
  assert.equal(await page.locator('baas-products [part=controls]').count(), 0);
  await set('baas-products', 'controls', '');
  await page.locator('baas-products [part=search]').waitFor();
});

test('pictures load when they come near, in boxes and sizes that are known before', async () => {
  await show('<baas-products limit="12"></baas-products>');
  await cards(12);
  const images = await page.evaluate(() => [...document.querySelector('baas-products').shadowRoot.querySelectorAll('img')].map((image) => ['loading', 'sizes', 'width', 'height', 'alt'].map((name) => image.getAttribute(name))));
  assert.equal(images.length, 12);
  for (const [index, [loading, sizes, width, height, alt]] of images.entries()) {
    assert.equal(loading, index < 4 ? 'eager' : 'lazy');
    assert.match(sizes, /vw/);
    assert.deepEqual([width, height, alt], ['800', '800', ''], 'the name stands beside it');
  }
  await show(`<script type="module">Baas.configure({ imageUrl: (url, width) => url + '?w=' + width });</script><baas-product handle="${tazas.handle}"></baas-product>`);
  await page.locator('baas-product [part=button]').waitFor();
  assert.match(await page.locator('baas-product [part=image]').getAttribute('srcset'), /taza\.jpg\?w=240 240w, .*\?w=1280 1280w/);
});

test('baas-product: handle or id, variant, heading, page-title, ?handle= of the page', async () => {
  await show(`<baas-product handle="${tazas.id}" variant="TAZA-VERDE" heading="3" page-title="{name} — Mi tienda"></baas-product>`);
  await page.locator('baas-product h3', { hasText: 'Taza de prueba' }).waitFor();
  assert.equal(await page.evaluate(() => document.querySelector('baas-product').variant.sku), 'TAZA-VERDE');
  assert.equal(await page.title(), 'Taza de prueba — Mi tienda');
  await set('baas-product', 'handle', 'mate-imperial-alpaca');
  await page.locator('baas-product h3', { hasText: 'Mate imperial' }).waitFor();
  await show('<baas-product></baas-product>');
  await page.goto(`${pages.url}/?handle=${tazas.handle}`);
  await page.locator('baas-product h2', { hasText: 'Taza de prueba' }).waitFor();
  assert.equal(await page.title(), 'Test');
});

test('baas-buy-button: product, variant, quantity, label; baas-cart: quiet, checkout-url, discounts', async () => {
  await show(`<baas-buy-button product="${tazas.handle}" variant="${tazas.variants[1].id}" quantity="3" label="La quiero"></baas-buy-button><baas-cart quiet discounts checkout-url="/caja"></baas-cart>`);
  bodies['/caja'] = html('<p>La caja</p>');
  const button = page.locator('baas-buy-button [part=button]');
  await button.getByText('La quiero').waitFor();
  assert.match(await button.innerText(), /\$\s2/);
  await button.click();
  await page.locator('baas-cart .count', { hasText: '3' }).waitFor();
  assert.equal(await page.locator('baas-cart dialog[open]').count(), 0, 'a quiet cart stays closed');
  assert.equal(await page.evaluate(() => document.querySelector('baas-cart').shop.cart.cart.items[0].sku), 'TAZA-VERDE');
  await page.evaluate(() => document.querySelector('baas-cart').open());
  const code = page.locator('baas-cart baas-discount-code');
  await code.locator('input').fill('NO-HAY');
  await code.getByRole('button').click();
  await code.getByText('Este código no funciona.').waitFor();
  await page.locator('baas-cart [part=checkout]').click();
  await page.getByText('La caja').waitFor();
});

test('a field for codes shows when the store says that it has discounts, and not otherwise', async () => {
  for (const has of [true, false]) {
    await show('<baas-buy-button product="recetario-del-litoral"></baas-buy-button><baas-cart></baas-cart>');
    await page.route('**/storefront/store', async (route) => {
      const response = await route.fetch();
      const body = await response.json();
      await route.fulfill({ response, json: { ...body, data: { ...body.data, has_discounts: has } } });
    });
    await page.reload();
    await page.locator('baas-buy-button [part=button]').click();
    await page.locator('baas-cart dialog[open] [part=checkout]').waitFor();
    await page.waitForFunction(() => document.querySelector('baas-cart').shop.store);
    assert.equal(await page.locator('baas-cart baas-discount-code').count(), Number(has));
  }
});

test('baas-checkout: providers, countries, return-url; baas-order-status: order, token, heading', async () => {
  await show(`<baas-buy-button product="${tazas.handle}" variant="TAZA-ROJA"></baas-buy-button><baas-cart quiet></baas-cart><baas-checkout providers="sandbox, stripe" countries="UY, AR" return-url="/gracias?de=caja"></baas-checkout>`);
  await page.locator('baas-buy-button [part=button]').click();
  await fillAddress(page);
  assert.deepEqual(await page.locator('baas-checkout [name=country] option').evaluateAll((all) => all.map(({ value }) => value)), ['AR', 'UY']);
  assert.deepEqual(await page.locator('baas-checkout .way:has(input)').allInnerTexts(), ['Sandbox', 'Stripe']);
  assert.ok(await page.locator('baas-checkout [value=sandbox]').isChecked());
  bodies['/gracias'] = html('<baas-order-status></baas-order-status>');
  assert.equal(await page.locator('baas-checkout [name=country]').inputValue(), 'AR', 'the store’s own');
  await set('baas-checkout', 'countries', 'UY');
  await page.waitForFunction(() => document.querySelector('baas-checkout').shadowRoot.querySelector('[name=country]')?.value === 'UY');
  await page.locator('baas-checkout [part=pay]').click();
  await page.waitForURL(/sandbox/);
  await page.click('button.go');
  await page.waitForURL(/gracias\?de=caja&baas=order/);
  await page.locator('baas-order-status .steps li:nth-child(2).done').waitFor({ timeout: 30_000 });
  const { id, token } = await page.evaluate(() => document.querySelector('baas-order-status').which);
  // Somebody else's browser, with the link of the e-mail.
  await show(`<baas-order-status order="${id}" token="${token}" heading="2"></baas-order-status>`);
  await page.locator('baas-order-status h2', { hasText: 'Gracias' }).waitFor();
  bodies['/correo'] = html('<baas-order-status></baas-order-status>');
  await page.goto(`${pages.url}/correo?order=${id}&token=${token}`);
  await page.locator('baas-order-status h2', { hasText: 'Gracias' }).waitFor();
  await page.goto(`${pages.url}/correo?order=${id}&token=wrong`);
  await page.locator('baas-order-status', { hasText: 'No podemos mostrar este pedido' }).waitFor();
});

test('key, api, locale and theme on an element itself; the object takes apiEndpoint', async () => {
  await show(`<baas-products key="${BAAS_PUBLISHABLE_KEY}" api="${API}/" locale="pt-BR" theme="dark" limit="1" controls></baas-products>`, { script: '' });
  await page.getByPlaceholder('Buscar').waitFor();
  assert.equal(await page.locator('baas-products .root.dark').getAttribute('lang'), 'pt-BR');
  bodies['/elsewhere'] = `<!doctype html><html lang="en"><title>x</title><link rel="icon" href="data:,"><div id="here"></div><script type="module">
    import { Baas } from '${BAAS_URL}/widget/v1/baas.js';
    window.shop = Baas.mount({ key: '${BAAS_PUBLISHABLE_KEY}', container: document.querySelector('#here'), layout: 'carousel', theme: 'auto', locale: 'es-AR', category: 'mate', limit: 3, controls: false, cart: false, apiEndpoint: '${API}', productUrl: '/p/{handle}' });
  </script></html>`;
  await page.goto(`${pages.url}/elsewhere`);
  await page.locator('#here a.name').first().waitFor();
  assert.equal(await page.locator('#here .carousel .card').count(), 3);
  assert.equal(await page.locator('#here [part=controls]').count(), 0);
  assert.equal(await page.locator('#here baas-cart').isVisible(), false);
  await page.evaluate(() => window.shop.update({ category: 'asado', layout: 'list' }));
  await page.waitForFunction(() => document.querySelector('baas-products').items?.every(({ categories }) => categories.some(({ slug }) => slug.startsWith('asado'))));
  await assert.rejects(page.evaluate((key) => Baas.mount({ key, container: '#nowhere' }), BAAS_PUBLISHABLE_KEY), /There is no element #nowhere/);
});

test('theme custom takes the colours of the page’s text, and passes axe on any ground', async () => {
  const head = '<style>body{background:#12324a;color:#f4f0e6}baas-products{--baas-accent:#f4c95d;--baas-on-accent:#1c1400;--baas-surface:#0d2638;--baas-tile:#0d2638;--baas-border:#2f5673}baas-products::part(name){font-family:Georgia}</style>';
  await show('<baas-products controls limit="4" theme="custom"></baas-products>', { head });
  await cards(4);
  assert.equal(await page.locator('baas-products .card .name').first().evaluate((node) => getComputedStyle(node).color), 'rgb(244, 240, 230)');
  assert.match(await page.locator('baas-products [part=name]').first().evaluate((node) => getComputedStyle(node).fontFamily), /Georgia/);
  assert.deepEqual(await axe(page), []);
});

test('a page whose browser keeps nothing still sells', async () => {
  await show('<baas-buy-button product="recetario-del-litoral"></baas-buy-button><baas-cart></baas-cart>');
  await page.addInitScript(() => Object.defineProperty(window, 'localStorage', { get: () => { throw new DOMException('denied', 'SecurityError'); } }));
  await page.reload();
  await page.locator('baas-buy-button [part=button]').click();
  await page.locator('baas-cart dialog[open] [part=line]').waitFor();
  assert.deepEqual(page.complaints, []);
});
