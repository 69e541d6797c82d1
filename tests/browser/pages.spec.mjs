/** Every page that a client is shown: light and dark, wide and narrow; axe finds nothing, nothing sticks out, nothing complains. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { axe, BAAS_URL, fillAddress, launch, open, picture, staticShop } from './harness.mjs';

let browser, shop;
before(async () => {
  [browser, shop] = await Promise.all([launch(), staticShop()]);
});
after(async () => {
  await browser.close();
  shop.stop();
});

const LOOKS = {
  'desktop-light': { viewport: { width: 1280, height: 860 }, colorScheme: 'light' },
  'desktop-dark': { viewport: { width: 1280, height: 860 }, colorScheme: 'dark' },
  'phone-light': { viewport: { width: 390, height: 844 }, colorScheme: 'light', isMobile: true, hasTouch: true },
  'phone-dark': { viewport: { width: 390, height: 844 }, colorScheme: 'dark', isMobile: true, hasTouch: true },
};

for (const [look, options] of Object.entries(LOOKS)) {
  test(`the example shop and the sandbox, ${look}`, async () => {
    const page = await open(browser, options);
    const look_at = async (name, more) => {
      await picture(page, `${name}-${look}`, more);
      assert.deepEqual(await axe(page), [], name);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), options.viewport.width, `${name} is as wide as the window`);
    };
    await page.goto(shop.url);
    await page.locator('baas-products .card .name').first().waitFor();
    await look_at('shop-home', { fullPage: true });
    assert.equal(await page.locator('.hero').evaluate((node) => getComputedStyle(node.ownerDocument.body).backgroundColor), options.colorScheme === 'dark' ? 'rgb(24, 21, 18)' : 'rgb(251, 249, 245)');

    await page.locator('baas-cart [part=trigger]').click();
    await page.locator('baas-cart [part=empty]').waitFor();
    await look_at('shop-cart-empty');
    await page.locator('baas-cart dialog').getByRole('button', { name: 'Seguir comprando' }).click();
    await page.locator('baas-cart dialog[open]').waitFor({ state: 'detached' });

    await page.locator('baas-products [part=search]').fill('no hay tal cosa');
    await page.locator('baas-products [part=empty]').waitFor();
    await look_at('shop-nothing-found');
    await page.locator('baas-products').getByRole('button', { name: 'Ver todo' }).click();
    await page.locator('baas-products .card .name').first().waitFor();
    assert.equal(await page.locator('baas-products [part=search]').inputValue(), '');

    await page.goto(`${shop.url}/producto.html?handle=mate-ceramica-esmaltada`);
    await page.locator('baas-product [part=button]').waitFor();
    await page.locator('baas-products .card .name').first().waitFor();
    assert.equal(await page.title(), 'Mate de cerámica esmaltada · Casa Mate');
    assert.equal(await page.locator('h1').count(), 1);
    await look_at('shop-product', { fullPage: true });
    await page.locator('baas-product [part=button]').click();
    await page.locator('baas-cart dialog[open] [part=line]').waitFor();
    await look_at('shop-cart');
    await page.locator('baas-cart [part=checkout]').click();
    await page.waitForURL(/checkout/);
    await fillAddress(page);
    assert.match(await page.locator('baas-checkout [part=shipping]').innerText(), /Envío estándar\s+\$\s3\.500/);
    await look_at('shop-checkout', { fullPage: true });
    await page.locator('baas-checkout [part=pay]').click();
    await page.waitForURL(/sandbox/);
    await look_at('sandbox');
    await page.click('button.no');
    await page.locator('.state.rejected').waitFor();
    await look_at('sandbox-rejected');
    await page.click('button.go');
    await page.waitForURL(/pedido/);
    await page.locator('baas-order-status .steps li:nth-child(2).done').waitFor({ timeout: 30_000 });
    await look_at('shop-order', { fullPage: true });
    assert.deepEqual(page.complaints, []);

    await page.goto(`${BAAS_URL}/docs`);
    // The page is as long as a book, and all chapters are alike: one is enough for axe.
    await page.evaluate(() => {
      for (const other of document.querySelectorAll('section:not(#tag-carts), nav li:not(:has([href="#tag-carts"], [href="#get_cart"]))')) other.remove();
    });
    await look_at('docs');
    await page.locator('#tag-carts').evaluate((section) => section.scrollIntoView());
    await picture(page, `docs-endpoint-${look}`);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
}

test('the list of /docs opens on a phone when it is searched, and shows where the reader is', async () => {
  const page = await open(browser, LOOKS['phone-light']);
  await page.goto(`${BAAS_URL}/docs`);
  const link = page.locator('nav a', { hasText: 'Get a cart' });
  assert.equal(await link.isVisible(), false);
  await page.locator('nav input').fill('get cart');
  await link.click();
  assert.equal(await link.isVisible(), false);
  await page.waitForFunction(() => document.querySelector('nav [aria-current]')?.textContent.includes('Get a cart'));
});
