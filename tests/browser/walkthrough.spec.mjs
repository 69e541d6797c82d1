/** docs/integrate.md, letter by letter: its page sells, its style is worn, its button buys; its counts are true. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { admin, BAAS_PUBLISHABLE_KEY, BAAS_URL, fillAddress, launch, open, picture, serve } from './harness.mjs';

const root = new URL('../../', import.meta.url);
const text = readFileSync(new URL('docs/integrate.md', root), 'utf8');
const blocks = [...text.matchAll(/```html\n([^]*?)```/g)].map(([, html]) => html);
const [page13, style, button] = blocks;
const filled = page13.replace('http://127.0.0.1:8000', BAAS_URL).replace('pk_test_…', BAAS_PUBLISHABLE_KEY);

let browser, pages;
before(async () => {
  browser = await launch();
  pages = await serve({ '/': filled, '/styled': filled.replace('</head>', `${style}</head>`), '/article': filled.replace(/<baas-products.*\n/, button) });
});
after(() => browser.close());

async function pay(page) {
  await page.locator('baas-cart dialog[open] [part=checkout]').click();
  await fillAddress(page);
  await page.locator('baas-checkout [part=pay]').click();
  await page.waitForURL(/sandbox/);
  await page.click('button.go');
  await page.locator('baas-cart dialog[open] baas-order-status .steps li:nth-child(2).done').waitFor({ timeout: 30_000 });
}

test('the page of the walk-through sells', async (context) => {
  assert.equal(page13.trim().split('\n').length, 13);
  const page = await open(browser);
  const began = Date.now();
  await page.goto(pages.url);
  await page.locator('baas-products').getByRole('button', { name: /^Agregar .* al carrito/ }).first().click();
  await pay(page);
  context.diagnostic(`from opening the page to “paid”: ${((Date.now() - began) / 1000).toFixed(1)} s`);
  await picture(page, 'walkthrough');
  const [order] = await admin('GET', '/admin/orders?limit=1');
  assert.equal(order.payment_status, 'paid');
  assert.deepEqual(page.complaints, []);
});

test('its style is worn', async () => {
  const page = await open(browser);
  await page.goto(`${pages.url}/styled`);
  const first = page.locator('baas-products .card .name').first();
  await first.waitFor();
  assert.match(await first.evaluate((node) => getComputedStyle(node).fontFamily), /Georgia/);
  assert.equal(await page.locator('baas-products .chip[aria-pressed=true]').evaluate((node) => getComputedStyle(node).backgroundColor), 'rgb(143, 67, 37)');
  await picture(page, 'walkthrough-styled');
});

test('its button buys', async () => {
  const page = await open(browser);
  await page.goto(`${pages.url}/article`);
  await page.locator('baas-buy-button [part=button]').click();
  await pay(page);
});

test('its counts are true', () => {
  const source = (file) => readFileSync(new URL(`widget/src/${file}`, root), 'utf8').split('\n').filter((line) => !/^\s*($|\/\/|\/\*|\*)/.test(line)).length;
  const count = (...files) => files.reduce((sum, file) => sum + source(file), 0);
  const rows = {
    'the script tag': count('client.js', 'client-base.js', 'errors.js', 'storage.js', 'shop.js', 'types.js', 'texts.js', 'texts/en.js', 'texts/es.js', 'texts/pt.js', 'money.js', 'styles/base.css.js', 'dom.js', 'element.js', 'parts.js', 'icons.js'),
    '`<baas-products controls>`': count('elements/products.js', 'styles/products.css.js'),
    '`<baas-product>`': count('elements/product.js', 'elements/quick-view.js', 'styles/product.css.js', 'styles/dialog.css.js', 'rich.js'),
    '`<baas-cart>`': count('cart-store.js', 'elements/cart.js', 'styles/cart.css.js', 'add.js'),
    '`<baas-checkout>`': count('elements/checkout.js', 'styles/checkout.css.js', 'countries.js'),
    '`<baas-order-status>`': count('elements/order-status.js', 'styles/order-status.css.js', 'late-parts.js'),
    '`data-key="pk_…"`': python('baas/services') + python('baas/webhooks'),
  };
  for (const [name, lines] of Object.entries(rows)) {
    const said = Number(text.split('\n').find((line) => line.startsWith(`| ${name} |`)).split('|').at(-2).replaceAll(/\D/g, ''));
    assert.ok(said <= lines * 1.02 && said >= lines * 0.5, `${name}: the page says ${said}, there are ${lines}`);
  }
});

function python(folder) {
  let lines = 0;
  for (const entry of readdirSync(new URL(folder, root), { recursive: true })) {
    if (entry.endsWith('.py')) lines += readFileSync(new URL(`${folder}/${entry}`, root), 'utf8').split('\n').filter((line) => !/^\s*($|#)/.test(line)).length;
  }
  return lines;
}
