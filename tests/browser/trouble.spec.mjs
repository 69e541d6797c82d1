/** The API slow, failing and away; the browser offline; settings that are wrong. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { BAAS_SECRET_KEY, BAAS_URL, fillAddress, heard, html, launch, open, picture, serve, staticShop, watchEvents } from './harness.mjs';

let browser, shop;
before(async () => {
  [browser, shop] = await Promise.all([launch(), staticShop()]);
});
after(async () => {
  await browser.close();
  shop.stop();
});

const refusal = (code, status) => ({ status, contentType: 'application/json', headers: { 'Access-Control-Allow-Origin': '*' }, body: JSON.stringify({ success: false, error: { code, message: code, details: {} }, meta: { request_id: 'req_test' } }) });

test('with the API away the last known products are shown, and the page says so', async () => {
  const page = await open(browser);
  await page.goto(shop.url);
  await page.locator('baas-products .card .name').first().waitFor();
  await page.route('**/api/v1/**', (route) => route.abort());
  await page.reload();
  await page.locator('baas-products [part=notice]').waitFor();
  assert.match(await page.locator('baas-products [part=notice]').innerText(), /No podemos conectar.*sabíamos/s);
  assert.equal(await page.locator('baas-products .card .name').count(), 12);
  await picture(page, 'api-away');
  await page.locator('baas-products').getByRole('button', { name: 'Agregar Recetario del Litoral' }).click();
  await page.waitForFunction(() => /No podemos|Ahora no podemos/.test(document.querySelector('baas-products').shadowRoot.querySelector('[role=status].hidden').textContent));
  await page.unroute('**/api/v1/**');
  await page.locator('baas-products [part=notice] button').click();
  await page.locator('baas-products [part=notice]').waitFor({ state: 'detached' });
});

test('failing from the first sight on, the page says so and offers to try again', async () => {
  const page = await open(browser);
  await watchEvents(page);
  await page.route('**/api/v1/**', (route) => route.fulfill(refusal('unavailable', 503)));
  await page.goto(shop.url);
  await page.locator('baas-products [part=notice]').waitFor();
  await picture(page, 'api-fails');
  assert.ok((await heard(page, 'error')).some(({ code }) => code === 'unavailable'));
  await page.unroute('**/api/v1/**');
  await page.locator('baas-products [part=notice] button').click();
  await page.locator('baas-products .card .name').first().waitFor();
});

test('a slow API: first the last known products, then the fresh ones', async () => {
  const page = await open(browser);
  await page.goto(shop.url);
  await page.locator('baas-products .card .name').first().waitFor();
  let release;
  const gate = new Promise((resolve) => (release = resolve));
  await page.route('**/storefront/products?*', async (route) => {
    await gate;
    await route.continue();
  });
  await page.reload();
  await page.locator('baas-products [part=notice]').waitFor();
  assert.match(await page.locator('baas-products [part=notice]').innerText(), /tardando/);
  release();
  await page.locator('baas-products [part=notice]').waitFor({ state: 'detached' });
});

test('an answer that is lost on its way makes one order, not two', async () => {
  const page = await open(browser);
  await page.goto(`${shop.url}/producto.html?handle=bombilla-pico-de-loro`);
  await page.locator('baas-product [part=button]').click();
  await page.locator('baas-cart dialog[open] [part=checkout]').click();
  await page.waitForURL(/checkout/);
  await fillAddress(page);
  const keys = [];
  let lost = 0;
  await page.route('**/checkout', async (route) => {
    keys.push(route.request().headers()['idempotency-key']);
    await route.fetch();
    // All tries of the first click lose their answer; the second click gets one.
    if (++lost <= 3) await route.abort();
    else await route.continue();
  });
  await page.locator('baas-checkout [part=pay]').click();
  await page.locator('baas-checkout [part=notice]').waitFor();
  await page.locator('baas-checkout [part=pay]').click();
  await page.waitForURL(/sandbox/);
  assert.equal(new Set(keys).size, 1);
  assert.ok(keys.length >= 4);
});

test('offline in the cart: it stays, and says what is the matter', async () => {
  const page = await open(browser);
  await page.goto(`${shop.url}/producto.html?handle=bombilla-pico-de-loro`);
  await page.locator('baas-product [part=button]').click();
  const drawer = page.locator('baas-cart dialog[open]');
  await drawer.locator('.foot:not(.busy)').waitFor();
  await page.context().setOffline(true);
  await drawer.locator('[part=quantity-plus]').click();
  await drawer.locator('[role=alert]').waitFor();
  assert.equal(await drawer.locator('output').innerText(), '1');
  await page.context().setOffline(false);
  await drawer.locator('[part=quantity-plus]').click();
  await page.waitForFunction(() => document.querySelector('baas-cart').shop.cart.cart.items[0].quantity === 2);
});

test('a secret key is refused with an explanation, and is not sent', async () => {
  const pages = await serve({ '/': html('<baas-products></baas-products>', { script: `data-key="${BAAS_SECRET_KEY}"` }) });
  const page = await open(browser);
  const asked = [];
  page.on('request', (request) => request.url().includes('/api/') && asked.push(request.url()));
  await page.goto(pages.url);
  const alert = page.locator('baas-products [role=alert]');
  await alert.waitFor();
  assert.match(await alert.innerText(), /secret key.*rotate/s);
  assert.deepEqual(asked, []);
  pages.stop();
});

test('wrong keys and missing ones are explained to whoever builds the page', async () => {
  const pages = await serve({
    '/wrong': html('<baas-products></baas-products>', { script: 'data-key="pk_test_wrong"' }),
    '/none': html('<baas-products></baas-products>', { script: '' }),
  });
  const page = await open(browser);
  const hint = page.waitForEvent('console', (message) => /whether the key is right.*allowed_origins/.test(message.text()));
  await page.goto(`${pages.url}/wrong`);
  await page.locator('baas-products [role=alert]').waitFor();
  await hint;
  await page.goto(`${pages.url}/none`);
  await page.locator('baas-products [role=alert]').waitFor();
  assert.match(await page.locator('baas-products [role=alert]').innerText(), /data-key/);
  pages.stop();
});

test('events can be canceled, and a page may take the checkout over', async () => {
  const body = `<baas-products></baas-products><baas-cart></baas-cart>`;
  const pages = await serve({ '/': html(body) });
  const page = await open(browser);
  await watchEvents(page);
  await page.goto(pages.url);
  const add = page.locator('baas-products').getByRole('button', { name: /Agregar .* al carrito/ }).first();
  await add.waitFor();
  await page.evaluate(() => addEventListener('baas:before-add', (event) => event.preventDefault(), { once: true }));
  await add.click();
  await page.waitForTimeout(500);
  assert.equal((await heard(page, 'added')).length, 0);
  await add.click();
  await page.locator('baas-cart dialog[open] [part=line]').waitFor();
  assert.equal((await heard(page, 'added')).length, 1);
  const [changed] = await heard(page, 'cart-changed');
  assert.equal(changed.count, 1);
  const [{ params }] = (await heard(page, 'analytics')).filter(({ name }) => name === 'add_to_cart');
  assert.equal(params.items[0].quantity, 1);
  assert.equal(typeof params.value, 'number');
  await page.evaluate(() => addEventListener('baas:checkout', (event) => event.preventDefault()));
  await page.locator('baas-cart dialog[open] [part=checkout]').click();
  await page.waitForTimeout(300);
  assert.equal(await page.locator('baas-checkout').count(), 0);
  assert.equal(BAAS_URL, await page.evaluate(() => new URL(document.querySelector('baas-cart').shop.api).origin));
  pages.stop();
});

test('a language that comes late finds its places waiting', async () => {
  const pages = await serve({ '/': html('<baas-product handle="bombilla-pico-de-loro"></baas-product><baas-checkout></baas-checkout><baas-cart quiet></baas-cart>') });
  const page = await open(browser);
  let release;
  const gate = new Promise((resolve) => (release = resolve));
  await page.route('**/texts/es.js', async (route) => {
    await gate;
    await route.continue();
  });
  await page.goto(pages.url);
  await page.locator('baas-product .buy > .button').click();
  await page.locator('baas-checkout [part=pay]').click();
  await page.locator('baas-checkout [aria-invalid=true]').first().waitFor();
  release();
  await page.locator('baas-checkout .error', { hasText: 'Hace falta' }).first().waitFor();
  await page.getByRole('button', { name: 'Agregar al carrito' }).waitFor();
  pages.stop();
});
