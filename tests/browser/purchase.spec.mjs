/** The example shop: a whole purchase, as somebody makes it. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { admin, anotherStore, fillAddress, heard, launch, open, picture, staticShop, watchEvents, watchShifts } from './harness.mjs';

let browser, shop;
before(async () => {
  [browser, shop] = await Promise.all([launch(), staticShop()]);
});
after(async () => {
  await browser.close();
  shop.stop();
});

test('browse, search, choose, add, change, reload, check out, pay, see the order', async () => {
  const page = await open(browser);
  await watchEvents(page);
  await page.goto(shop.url);
  const cards = page.locator('baas-products .card .name');
  await cards.first().waitFor();
  assert.equal(await cards.count(), 12);
  await picture(page, 'home', { fullPage: true });

  await page.locator('baas-products [part=more]').click();
  await page.waitForFunction(() => document.querySelector('baas-products').shadowRoot.querySelectorAll('.card').length > 12);

  await page.locator('baas-products [part=category]', { hasText: 'Cerámica' }).click();
  await page.waitForFunction(() => document.querySelector('baas-products').items.every((product) => product.categories.some(({ slug }) => slug.startsWith('ceramica'))));
  await page.locator('baas-products [part=category]', { hasText: 'Todo' }).click();
  await page.locator('baas-products [part=search]').fill('ceramica esmaltada');
  await page.waitForFunction(() => document.querySelector('baas-products').items?.[0]?.handle === 'mate-ceramica-esmaltada');
  await page.locator('baas-products .card .name').first().click();
  await page.waitForURL(/producto\.html\?handle=mate-ceramica-esmaltada/);

  const product = page.locator('baas-product');
  await product.getByText('Cielo').first().click();
  assert.match(await product.locator('[part=image]').first().getAttribute('src'), /mate-cielo/);
  await product.locator('[part=quantity-plus]').click();
  await picture(page, 'product', { fullPage: true });
  await product.locator('[part=button]').click();

  const cart = page.locator('baas-cart');
  const drawer = cart.locator('dialog[open]');
  await drawer.locator('[part=line]').waitFor();
  assert.match(await drawer.innerText(), /Cielo/);
  assert.equal(await drawer.locator('output').innerText(), '2');
  await drawer.locator('[part=quantity-plus]').click();
  await drawer.locator('.foot:not(.busy)').waitFor();
  await page.waitForFunction(() => document.querySelector('baas-cart').shop.cart.cart.items[0].quantity === 3);
  await picture(page, 'drawer');

  const before = await drawer.locator('[part=total] dd').innerText();
  await page.reload();
  await page.locator('baas-cart [part=trigger]').click();
  assert.equal(await drawer.locator('[part=total] dd').innerText(), before);
  await drawer.locator('[part=checkout]').click();
  await page.waitForURL(/checkout\.html/);

  await page.locator('baas-checkout [part=pay]').click();
  assert.equal(await page.locator('baas-checkout [aria-invalid=true]').count(), 4);
  assert.equal(await page.evaluate(() => document.querySelector('baas-checkout').shadowRoot.activeElement.name), 'email');
  await picture(page, 'checkout-errors', { fullPage: true });
  await fillAddress(page);
  await picture(page, 'checkout', { fullPage: true });
  assert.equal((await heard(page, 'analytics')).filter(({ name }) => name === 'begin_checkout').length, 1);
  await page.locator('baas-checkout [part=pay]').click();
  await page.waitForURL(/sandbox/);
  await page.click('button.go');
  await page.waitForURL(/pedido\.html/);
  await page.locator('baas-order-status .steps li:nth-child(2).done').waitFor({ timeout: 30_000 });
  await picture(page, 'order', { fullPage: true });
  const [purchase] = (await heard(page, 'analytics')).filter(({ name }) => name === 'purchase');
  assert.equal(purchase.params.currency, 'ARS');
  assert.match(purchase.params.transaction_id, /^#\d+$/);
  await page.reload();
  await page.locator('baas-order-status .steps li:nth-child(2).done').waitFor();
  assert.equal((await heard(page, 'analytics')).filter(({ name }) => name === 'purchase').length, 0, 'a purchase counts once');
  assert.equal(await page.locator('baas-cart .count.zero').count(), 1);
  assert.deepEqual(page.complaints, []);
});

test('a cart is the same in all tabs', async () => {
  const page = await open(browser);
  await page.goto(shop.url);
  const other = await page.context().newPage();
  await other.goto(`${shop.url}/producto.html?handle=cuchillo-criollo-14`);
  await page.locator('baas-products .card').first().waitFor();
  const products = await page.evaluate(() => document.querySelector('baas-products').items.filter((each) => each.variants.length === 1).map(({ name }) => name));
  await page.locator('baas-products').getByRole('button', { name: products[0] }).click();
  await page.locator('baas-cart dialog[open] [part=line]').waitFor();
  await other.locator('baas-cart [part=count]:not(.zero)').waitFor();
  assert.equal(await other.locator('baas-cart [part=count]').innerText(), '1');
});

test('a price that changed shows before anybody pays', async () => {
  const product = await admin('POST', '/admin/products', { name: 'Precio inquieto', variants: [{ price: 100000, on_hand: 50 }] });
  const page = await open(browser);
  await page.goto(`${shop.url}/producto.html?handle=${product.handle}`);
  await page.locator('baas-product [part=button]').click();
  await page.locator('baas-cart dialog[open] [part=checkout]').click();
  await page.waitForURL(/checkout/);
  await fillAddress(page);
  await admin('PATCH', `/admin/products/${product.id}/variants/${product.variants[0].id}`, { price: 123400 });
  await page.locator('baas-checkout [part=pay]').click();
  await page.locator('baas-checkout .changed').waitFor();
  assert.match(await page.locator('baas-checkout .changed').innerText(), /4\.500.*4\.734/);
  assert.match(await page.locator('baas-checkout [part=pay]').innerText(), /4\.734/);
  await picture(page, 'price-changed', { fullPage: true });
  await page.locator('baas-checkout [part=pay]').click();
  await page.waitForURL(/sandbox/);
  assert.match(await page.locator('.amount').innerText(), /4\.734/);
  await admin('DELETE', `/admin/products/${product.id}`);
});

test('a rejected payment can be tried again', async () => {
  const page = await open(browser);
  await page.goto(`${shop.url}/producto.html?handle=bombilla-pico-de-loro`);
  await page.locator('baas-product [part=button]').click();
  await page.locator('baas-cart dialog[open] [part=checkout]').click();
  await page.waitForURL(/checkout/);
  await fillAddress(page);
  await page.locator('baas-checkout [part=pay]').click();
  await page.waitForURL(/sandbox/);
  await page.click('button.no');
  await page.click('a.back');
  await page.waitForURL(/pedido/);
  await page.locator('baas-order-status [part=pay]').waitFor({ timeout: 30_000 });
  await picture(page, 'payment-failed', { fullPage: true });
  await page.locator('baas-order-status [part=pay]').click();
  await page.waitForURL(/sandbox/);
  await page.click('button.go');
  await page.waitForURL(/pedido/);
  await page.locator('baas-order-status .steps li:nth-child(2).done').waitFor({ timeout: 30_000 });
});

test('whoever comes back without paying can go on, from the checkout and from the cart', async () => {
  const page = await open(browser);
  await page.goto(`${shop.url}/producto.html?handle=bombilla-pico-de-loro`);
  await page.locator('baas-product [part=button]').click();
  await page.locator('baas-cart dialog[open] [part=checkout]').click();
  await page.waitForURL(/checkout/);
  await fillAddress(page);
  await page.locator('baas-checkout [part=pay]').click();
  await page.waitForURL(/sandbox/);
  await page.goBack();
  await page.locator('baas-checkout baas-order-status [part=pay]').waitFor();
  await picture(page, 'unpaid', { fullPage: true });
  await page.locator('baas-cart [part=trigger]').click();
  await page.locator('baas-cart dialog[open]').getByRole('link', { name: 'Ir al pago' }).click();
  await page.waitForURL(/sandbox/);
  await page.goto(`${shop.url}/checkout.html`);
  await page.locator('baas-checkout baas-order-status [part=pay]').click();
  await page.waitForURL(/sandbox/);
  await page.click('button.go');
  await page.waitForURL(/pedido/);
  await page.locator('baas-order-status .steps li:nth-child(2).done').waitFor({ timeout: 30_000 });
});

test('another store is other environment variables, and nothing else', async () => {
  const other = await anotherStore('Loja do Norte', { name: 'Rede de algodão', variants: [{ price: 25900, on_hand: 4 }] });
  const second = await staticShop({ BAAS_PUBLISHABLE_KEY: other.publishable_key });
  const page = await open(browser);
  await page.goto(second.url);
  await page.locator('baas-products .card .name', { hasText: 'Rede de algodão' }).click();
  await page.waitForURL(/producto/);
  await page.locator('baas-product [part=button]').click();
  await page.locator('baas-cart dialog[open] [part=checkout]').click();
  await page.waitForURL(/checkout/);
  await fillAddress(page);
  assert.match(await page.locator('baas-checkout [part=pay]').innerText(), /259.BRL/);
  await page.locator('baas-checkout [part=pay]').click();
  await page.waitForURL(/sandbox/);
  await page.click('button.go');
  await page.waitForURL(/pedido/);
  await page.locator('baas-order-status .steps li:nth-child(2).done').waitFor({ timeout: 30_000 });
  second.stop();
});

test('nothing jumps while the pages load', async () => {
  for (const path of ['/', '/producto.html?handle=mate-imperial-alpaca']) {
    const page = await open(browser);
    await watchShifts(page);
    await page.route('**/api/v1/**', async (route) => {
      await new Promise((wake) => setTimeout(wake, 400));
      await route.continue();
    });
    await page.goto(shop.url + path);
    await page.locator('[part=name]').first().waitFor();
    await page.waitForTimeout(500);
    const shifts = await page.evaluate(() => window.shifts);
    assert.ok(shifts < 0.02, `${path} moved by ${shifts}`);
  }
});

test('more than there is cannot be bought, and the shopper is told how much there is', async () => {
  const product = await admin('POST', '/admin/products', { name: 'Quedan tres', variants: [{ price: 5000, on_hand: 3 }] });
  const page = await open(browser);
  await page.goto(`${shop.url}/producto.html?handle=${product.handle}`);
  const button = page.locator('baas-product [part=button]');
  await button.click();
  const drawer = page.locator('baas-cart dialog[open]');
  for (let n = 0; n < 3; n++) await drawer.locator('[part=quantity-plus]').click();
  await drawer.locator('[role=alert]').waitFor();
  assert.match(await drawer.locator('[role=alert]').innerText(), /3/);
  // Clicks that follow quickly are sent as one; on a busy machine some were sent, and taken, before the one too many.
  assert.match(await drawer.locator('output').innerText(), /^[123]$/);
  await drawer.getByRole('button', { name: /Quitar/ }).click();
  await drawer.locator('[part=empty]').waitFor();
  await picture(page, 'drawer-empty');
  await admin('DELETE', `/admin/products/${product.id}`);
});
