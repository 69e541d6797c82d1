/** Keyboard, screen readers, phones, the dark, languages, hostile data, strict policies, two shops, files. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { after, before, test } from 'node:test';
import { admin, anotherStore, axe, BAAS_PUBLISHABLE_KEY, BAAS_URL, fillAddress, html, launch, open, picture, serve, staticShop, watch } from './harness.mjs';

let browser, shop;
before(async () => {
  [browser, shop] = await Promise.all([launch(), staticShop()]);
});
after(async () => {
  await browser.close();
  shop.stop();
});

/** Press Tab until the focus is on something with that name. */
async function tabTo(page, name, limit = 80) {
  for (let n = 0; n < limit; n++) {
    await page.keyboard.press('Tab');
    const label = await page.evaluate(() => {
      let node = document.activeElement;
      while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
      return node?.getAttribute('aria-label') || node?.labels?.[0]?.textContent || node?.textContent || '';
    });
    if (name.test(label)) return label;
  }
  throw new Error(`Tab does not reach ${name}`);
}

const focusedHost = (page) => page.evaluate(() => document.activeElement?.localName);

test('a purchase with the keyboard alone', async () => {
  const page = await open(browser, { reducedMotion: 'no-preference' });
  await page.goto(shop.url);
  await page.locator('baas-products .card .name').first().waitFor();
  await tabTo(page, /Buscar/);
  await page.keyboard.type('mate imperial');
  await page.waitForFunction(() => document.querySelector('baas-products').items?.[0]?.handle.startsWith('mate-imperial'));
  await tabTo(page, /^Mate imperial/);
  await picture(page, 'keyboard-focus');
  await page.keyboard.press('Enter');
  await page.waitForURL(/producto/);
  await page.locator('baas-product [part=button]').waitFor();
  await tabTo(page, /Negro/);
  await page.keyboard.press('ArrowRight');
  assert.equal(await page.evaluate(() => document.querySelector('baas-product').variant.option_values[0]), 'Suela');
  await tabTo(page, /Agregar al carrito/);
  await page.keyboard.press('Enter');
  await page.locator('baas-cart dialog[open] [part=line]').waitFor();
  for (let n = 0; n < 14; n++) {
    await page.keyboard.press('Tab');
    assert.ok(['baas-cart', 'body'].includes(await focusedHost(page)), 'the focus stays in the drawer');
  }
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => !document.querySelector('baas-cart').isOpen);
  assert.equal(await focusedHost(page), 'baas-product', 'the focus goes back');
  await page.locator('baas-cart [part=trigger]').focus();
  await page.keyboard.press('Enter');
  await page.locator('baas-cart dialog[open] [part=line]').waitFor();
  await tabTo(page, /Finalizar compra/);
  await page.keyboard.press('Enter');
  await page.waitForURL(/checkout/);
  await page.locator('baas-checkout [name=email]').waitFor();
  for (const [label, text] of [[/Correo/, 'ana@example.com'], [/Nombre/, 'Ana Ruiz'], [/Dirección/, 'Mayor 1'], [/Ciudad/, 'Rosario']]) {
    await tabTo(page, label);
    await page.keyboard.type(text);
  }
  await page.keyboard.press('Enter');
  await page.waitForURL(/sandbox/);
});

test('axe finds nothing, light and dark', async () => {
  for (const theme of ['light', 'dark']) {
    const page = await open(browser, { colorScheme: theme });
    const dark = theme === 'dark' ? '<style>body{background:#0d0e11;color:#eee}</style>' : '';
    const body = '<baas-cart></baas-cart><baas-products controls limit="6"></baas-products><baas-product handle="mate-ceramica-esmaltada"></baas-product><baas-buy-button product="recetario-del-litoral"></baas-buy-button>';
    const pages = await serve({
      '/': html(body, { head: dark, script: `data-key="${BAAS_PUBLISHABLE_KEY}" data-theme="auto"` }),
      '/checkout': html('<baas-checkout></baas-checkout>', { head: dark, script: `data-key="${BAAS_PUBLISHABLE_KEY}" data-theme="auto"` }),
      '/order': html('<baas-order-status></baas-order-status>', { head: dark, script: `data-key="${BAAS_PUBLISHABLE_KEY}" data-theme="auto"` }),
    });
    await page.goto(pages.url);
    await page.locator('baas-products .card .name').first().waitFor();
    await page.locator('baas-product [part=button]').waitFor();
    assert.deepEqual(await axe(page), []);
    await picture(page, `elements-${theme}`, { fullPage: true });
    await page.locator('baas-products .name').nth(1).click();
    await page.locator('baas-products baas-quick-view [part=button]').waitFor();
    await picture(page, `quick-view-${theme}`);
    assert.deepEqual(await axe(page), []);
    await page.locator('baas-products baas-quick-view [part=button]').click();
    await page.locator('baas-cart dialog[open] [part=line]').waitFor();
    await picture(page, `drawer-${theme}`);
    assert.deepEqual(await axe(page), []);
    await page.locator('baas-cart dialog[open] [part=checkout]').click();
    await page.locator('baas-cart baas-checkout [name=email]').waitFor();
    await picture(page, `drawer-checkout-${theme}`);
    assert.deepEqual(await axe(page), []);
    await page.goto(`${pages.url}/checkout`);
    await page.locator('baas-checkout [part=pay]').click();
    await page.locator('baas-checkout .error').first().waitFor();
    assert.deepEqual(await axe(page), []);
    await fillAddress(page);
    await page.locator('baas-checkout [part=pay]').click();
    await page.waitForURL(/sandbox/);
    await page.goto(`${pages.url}/order`);
    await page.locator('baas-order-status .steps').waitFor();
    await picture(page, `order-${theme}`);
    assert.deepEqual(await axe(page), []);
    pages.stop();
  }
});

test('a phone: nothing sticks out, everything can be hit', async () => {
  const page = await open(browser, { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 });
  for (const path of ['/', '/producto.html?handle=mate-ceramica-esmaltada']) {
    await page.goto(shop.url + path);
    await page.locator('[part=name]').first().waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
    await picture(page, `phone-${path === '/' ? 'home' : 'product'}`);
  }
  // What the page shows may be there before every element of it is.
  await page.waitForFunction(() => [...document.querySelectorAll('baas-product, baas-cart')].every((host) => host.shadowRoot));
  const small = await page.evaluate(() => {
    const found = [];
    for (const host of document.querySelectorAll('baas-product, baas-cart')) {
      for (const button of host.shadowRoot.querySelectorAll('button:not(.name)')) {
        const { width, height } = button.getBoundingClientRect();
        if (width && (width < 40 || height < 40)) found.push(`${button.className} ${width}×${height}`);
      }
    }
    return found;
  });
  assert.deepEqual(small, []);
  await page.locator('baas-product [part=button]').tap();
  await page.locator('baas-cart dialog[open] [part=line]').waitFor();
  await picture(page, 'phone-drawer');
  await page.locator('baas-cart [part=checkout]').tap();
  await page.waitForURL(/checkout/);
  await page.locator('baas-checkout [name=email]').waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
  await picture(page, 'phone-checkout', { fullPage: true });
});

test('list and carousel, English and Portuguese', async () => {
  const pages = await serve({
    '/list': html('<baas-products layout="list" category="asado" limit="4"></baas-products>', { lang: 'en' }),
    '/carousel': html('<baas-products layout="carousel" limit="8"></baas-products>', { lang: 'pt-BR' }),
  });
  const page = await open(browser);
  await page.goto(`${pages.url}/list`);
  await page.locator('baas-products .card .name').first().waitFor();
  assert.match(await page.locator('baas-products .items').innerText(), /From ARS\s24,900/);
  await picture(page, 'list-english');
  await page.goto(`${pages.url}/carousel`);
  await page.locator('baas-products .card .name').first().waitFor();
  assert.match(await page.locator('baas-products .items').innerText(), /A partir de/);
  await page.locator('baas-products [part=arrows] button').nth(1).click();
  await page.waitForFunction(() => document.querySelector('baas-products').shadowRoot.querySelector('.items').scrollLeft > 100);
  await picture(page, 'carousel-portuguese');
  pages.stop();
});

test('a hostile product is shown as text and runs nothing', async () => {
  const evil = '"><img src=x onerror="window.pwned=1"><script>window.pwned=1</script> & {{7*7}}';
  const product = await admin('POST', '/admin/products', {
    name: evil, vendor: evil, description: `<p>Safe <b>bold</b></p><img src=x onerror="window.pwned=1"><a href="javascript:window.pwned=1">x</a><svg onload="window.pwned=1"></svg>`,
    options: [{ name: evil, values: [evil, 'b'] }],
    variants: [{ price: 100, option_values: [evil] }, { price: 200, option_values: ['b'] }],
    images: [{ url: '/demo/images/mate-oro.svg', alt: evil }],
  });
  const pages = await serve({ '/': html(`<baas-products limit="3"></baas-products><baas-product handle="${product.id}"></baas-product><baas-cart></baas-cart>`) });
  const page = await open(browser);
  // As if the server had stored what it was sent: the widget must not rely on anybody else's washing.
  await page.route(`**/storefront/products/${product.id}`, async (route) => {
    const response = await route.fetch();
    const body = await response.json();
    body.data.description = '<p>Safe <b>bold</b><script>window.pwned=1</script><img src=x onerror=window.pwned=1><a href="javascript:window.pwned=1" onclick="window.pwned=1">x</a><iframe srcdoc="<script>parent.pwned=1</script>"></iframe>';
    body.data.images[0].url = 'javascript:window.pwned=1';
    await route.fulfill({ response, json: body });
  });
  await page.goto(pages.url);
  await page.locator('baas-product [part=button]').waitFor();
  assert.equal((await page.locator('baas-product [part=name]').innerText()).includes('onerror'), true);
  assert.equal(await page.locator('baas-product [part=description] b').innerText(), 'bold');
  assert.equal(await page.locator('baas-product [part=description] :is(script, img, iframe, a[href])').count(), 0);
  await page.locator('baas-product [part=button]').click();
  await page.locator('baas-cart dialog[open] [part=line]').waitFor();
  await page.waitForTimeout(400);
  await picture(page, 'hostile-name');
  assert.equal(await page.evaluate(() => window.pwned), undefined);
  await admin('DELETE', `/admin/products/${product.id}`);
  pages.stop();
});

test('a strict policy, trusted types and all, is never broken', async () => {
  const policy = `default-src 'none'; script-src ${BAAS_URL}; connect-src ${BAAS_URL}; img-src ${BAAS_URL} data:; style-src 'self'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'`;
  const pages = await serve({ '/': html('<baas-cart></baas-cart><baas-products controls limit="4"></baas-products><baas-product handle="mate-imperial-alpaca"></baas-product><baas-checkout></baas-checkout>') }, { 'Content-Security-Policy': policy });
  const page = await open(browser);
  await page.addInitScript(() => {
    window.violations = [];
    addEventListener('securitypolicyviolation', (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
  });
  await page.goto(pages.url);
  await page.locator('baas-product [part=button]').click();
  await page.locator('baas-cart dialog[open] [part=line]').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('baas-checkout [name=email]').waitFor();
  await page.waitForTimeout(500);
  assert.deepEqual(await page.evaluate(() => window.violations), []);
  assert.deepEqual(page.complaints, []);
  assert.deepEqual(await page.context().cookies(), [], 'no cookies');
  pages.stop();
});

test('two shops on one page never meet', async () => {
  const other = await anotherStore('Loja do Sul', { name: 'Cuia de porongo', variants: [{ price: 8990, on_hand: 9 }] });
  const body = `<baas-shop key="${BAAS_PUBLISHABLE_KEY}" locale="es"><baas-cart id="one"></baas-cart><baas-products limit="2"></baas-products></baas-shop>
    <baas-shop key="${other.publishable_key}" locale="pt-BR" theme="dark"><baas-cart id="two"></baas-cart><baas-products limit="2"></baas-products></baas-shop>`;
  const pages = await serve({ '/': html(body, { script: '' }) });
  const page = await open(browser);
  await page.goto(pages.url);
  const second = page.locator('baas-products').nth(1);
  await second.getByRole('button', { name: 'Adicionar Cuia de porongo' }).click();
  await page.locator('#two dialog[open] [part=line]').waitFor();
  assert.match(await page.locator('#two [part=total] dd').innerText(), /R\$/);
  await picture(page, 'two-shops');
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('#one .count').textContent(), '0');
  await page.reload();
  await page.locator('#two .count:not(.zero)').waitFor();
  assert.equal(await page.locator('#one .count.zero').count(), 1);
  assert.match(await page.locator('baas-products').nth(0).locator('.items').innerText(), /\$/);
  pages.stop();
});

test('pages that are files on somebody’s disk sell, too', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'baas-file-'));
  execFileSync('python3', [fileURLToPath(new URL('../../examples/static-shop/serve.py', import.meta.url)), '--build', folder]);
  const page = await open(browser);
  await page.goto(pathToFileURL(join(folder, 'index.html')).href);
  await page.locator('baas-products .card .name').first().click();
  await page.waitForURL(/producto/);
  await page.locator('baas-product [part=button]').click();
  await page.locator('baas-cart dialog[open] [part=checkout]').click();
  await page.waitForURL(/checkout/);
  await fillAddress(page);
  const [payment] = await Promise.all([page.context().waitForEvent('page'), page.locator('baas-checkout [part=pay]').click()]);
  await payment.waitForURL(/sandbox/);
  await payment.click('button.go');
  await page.locator('baas-order-status .steps li:nth-child(2).done').waitFor({ timeout: 30_000 });
  await picture(page, 'file', { fullPage: true });
});

test('as an object: mount, update, destroy', async () => {
  const pages = await serve({
    '/': html('<div id="shop"></div>', { script: '', lang: 'en' }),
  });
  const page = await open(browser);
  await page.goto(pages.url);
  await page.waitForFunction(() => window.Baas);
  await page.evaluate((key) => {
    window.mounted = Baas.mount({ key, container: '#shop', layout: 'list', theme: 'dark', locale: 'es-AR', limit: 3, customStyles: '.card { outline: 3px solid rgb(1, 2, 3) }' });
  }, BAAS_PUBLISHABLE_KEY);
  await page.locator('#shop .list .card .name').first().waitFor();
  assert.equal(await page.locator('#shop .card').count(), 3);
  assert.equal(await page.locator('#shop .card').first().evaluate((node) => getComputedStyle(node).outlineColor), 'rgb(1, 2, 3)');
  await picture(page, 'mounted-dark');
  await page.evaluate(() => window.mounted.update({ layout: 'grid', limit: 2, theme: 'light', locale: 'en', customStyles: { '--baas-radius': '0px' } }));
  await page.locator('#shop .grid .card .name').first().waitFor();
  await page.waitForFunction(() => document.querySelector('baas-products').shadowRoot.querySelectorAll('.card').length === 2);
  await page.evaluate(() => window.mounted.destroy());
  assert.equal(await page.locator('#shop').innerHTML(), '');
  // Destroyed and mounted again, as frameworks do.
  await page.evaluate(() => window.mounted.init().render());
  await page.locator('#shop .card .name').first().waitFor();
  assert.deepEqual(page.complaints, []);
  pages.stop();
});

test('one button on somebody’s page is a shop', async () => {
  const pages = await serve({ '/': html('<p>Un artículo cualquiera.</p><baas-buy-button product="bombilla-alpaca-cincelada"><a href="/otra">Comprar</a></baas-buy-button> <baas-buy-button product="mate-ceramica-esmaltada" label="Quiero uno"></baas-buy-button> <baas-buy-button product="no-hay"><a href="/otra">Otra página</a></baas-buy-button>') });
  const page = await open(browser);
  await page.goto(pages.url);
  const buttons = page.locator('baas-buy-button');
  await buttons.nth(1).locator('[part=price]').waitFor();
  await buttons.nth(2).getByText('Otra página').waitFor();
  await picture(page, 'buy-buttons');
  await buttons.nth(1).locator('[part=button]').click();
  await page.locator('baas-quick-view [part=option]').waitFor();
  await page.keyboard.press('Escape');
  await buttons.nth(0).locator('[part=button]').click();
  await page.locator('baas-cart[floating] dialog[open] [part=line]').waitFor();
  await page.locator('baas-cart [part=checkout]').click();
  await fillAddress(page);
  await page.locator('baas-checkout [part=pay]').click();
  await page.waitForURL(/sandbox/);
  await page.click('button.go');
  await page.locator('baas-cart dialog[open] baas-order-status .steps li:nth-child(2).done').waitFor({ timeout: 30_000 });
  await picture(page, 'order-in-drawer');
  pages.stop();
});

test('loading the script twice, and elements that come later, are harmless', async () => {
  const pages = await serve({ '/': html('<div></div>', { head: `<script type="module" src="${BAAS_URL}/widget/v1/baas.js?again"></script>` }) });
  const page = watch(await (await browser.newContext()).newPage());
  await page.goto(pages.url);
  await page.evaluate(() => document.querySelector('div').append(Object.assign(document.createElement('baas-product'), { id: 'late' })));
  await page.evaluate(() => document.querySelector('#late').setAttribute('handle', 'mate-imperial-alpaca'));
  await page.locator('#late [part=button]').waitFor();
  assert.deepEqual(page.complaints, []);
  pages.stop();
});
