/** What the specs share: a browser, pages on an origin of their own, and the store's admin API. */

import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const require = createRequire(join(root, 'widget/package.json'));
const { chromium } = require('playwright-core');
const axeSource = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export const { BAAS_URL, BAAS_PUBLISHABLE_KEY, BAAS_SECRET_KEY, BAAS_OPERATOR_KEY } = process.env;
export const API = `${BAAS_URL}/api/v1`;
const artefacts = join(root, 'tests/browser/artefacts');

export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });

/** A page that keeps what the browser complained about. Nothing moves unless a test says so: there is nothing to wait for. */
export async function open(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'es-AR', reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  watch(page);
  return page;
}

export function watch(page) {
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(`error: ${error.stack}`));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) page.complaints.push(message.text());
  });
  return page;
}

/** A picture for people to look at, with everything that is in sight loaded. */
export async function picture(page, name, options = {}) {
  mkdirSync(artefacts, { recursive: true });
  if (options.fullPage) await page.evaluate(walkDown);
  await page.waitForFunction(() => {
    const roots = [document];
    for (const root of roots) for (const node of root.querySelectorAll('*')) if (node.shadowRoot) roots.push(node.shadowRoot);
    const inSight = ({ top, bottom, left, right, width }) => width && top < innerHeight && bottom > 0 && left < innerWidth && right > 0;
    return roots.every((root) => [...root.querySelectorAll('img')].every((image) => image.complete || !inSight(image.getBoundingClientRect())));
  });
  await page.screenshot({ path: join(artefacts, `${name}.png`), ...options });
}

/** Pass by all pictures of a page that wait to come near. */
async function walkDown() {
  const { scrollY: before } = window;
  for (let y = 0; y < document.documentElement.scrollHeight; y += innerHeight / 2) {
    scrollTo(0, y);
    await new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)));
  }
  scrollTo(0, before);
}

/** The example shop as its README starts it; answers its address and how to stop it. */
export async function staticShop(environment = {}) {
  const child = spawn('python3', [join(root, 'examples/static-shop/serve.py'), '--port', '0'], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await new Promise((resolve) => child.stdout.once('data', resolve));
  return { url: String(line).trim(), stop: () => child.kill() };
}

/** Pages of a test on an origin of their own: path to HTML, or to { body, type, headers }. */
export async function serve(pages, headers = {}) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const page = typeof pages === 'function' ? pages(pathname) : pages[pathname];
    if (page === undefined) return response.writeHead(404).end();
    const { body = page, type = 'text/html; charset=utf-8', headers: own = {} } = typeof page === 'string' ? {} : page;
    response.writeHead(200, { 'Content-Type': type, ...headers, ...own }).end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return { url: `http://127.0.0.1:${server.address().port}`, stop: () => server.close() };
}

/** A page with the widget on it. */
export const html = (body, { lang = 'es', head = '', script = `data-key="${BAAS_PUBLISHABLE_KEY}"` } = {}) =>
  `<!doctype html><html lang="${lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Test</title><link rel="icon" href="data:,">${head}` +
  `<script type="module" src="${BAAS_URL}/widget/v1/baas.js" ${script}></script></head><body><main><h1>Test</h1>${body}</main></body></html>`;

export async function admin(method, path, body, headers = { 'X-API-KEY': BAAS_SECRET_KEY }) {
  const response = await fetch(API + path, { method, headers: { ...headers, 'Content-Type': 'application/json' }, body: body && JSON.stringify(body) });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
  return answer.data;
}

/** Another store with one product, through the operator's API. */
export async function anotherStore(name, product) {
  const made = await admin('POST', '/operator/stores', { name, slug: `s-${Date.now().toString(36)}`, mode: 'test', plan: 'pro', currency: 'BRL', country: 'BR', locale: 'pt-BR', allowed_origins: ['*'] }, { 'X-OPERATOR-KEY': BAAS_OPERATOR_KEY });
  await admin('POST', '/admin/products', product, { 'X-API-KEY': made.secret_key });
  return made;
}

/** What axe finds wrong, as lines. */
export async function axe(page) {
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  return violations.flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node.target.flat().join(' > ')} ${node.failureSummary}`));
}

/** How far things jumped while the page loaded. Call before the page is opened. */
export const watchShifts = (page) =>
  page.addInitScript(() => {
    window.shifts = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value;
    }).observe({ type: 'layout-shift', buffered: true });
  });

/** Collect the widget's events. Call before the page is opened. */
export const watchEvents = (page) =>
  page.addInitScript(() => {
    window.heard = [];
    for (const name of ['before-add', 'added', 'cart-changed', 'checkout', 'order-placed', 'error', 'analytics']) {
      addEventListener(`baas:${name}`, (event) => window.heard.push([name, JSON.parse(JSON.stringify(event.detail))]));
    }
  });

export const heard = (page, name) => page.evaluate((wanted) => window.heard.filter(([each]) => each === wanted).map(([, detail]) => detail), name);

/** Fill in the checkout. */
export async function fillAddress(page, more = {}) {
  const values = { email: 'ana@example.com', name: 'Ana Ruiz', line1: 'Av. Corrientes 1234', city: 'Buenos Aires', postal_code: 'C1043', ...more };
  await page.locator('baas-checkout [name=email]').waitFor();
  for (const [name, value] of Object.entries(values)) {
    const field = page.locator(`baas-checkout [name=${name}]`);
    if (await field.count()) await field.fill(value);
  }
}
