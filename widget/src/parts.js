/** Pieces that several elements show. */

import { h } from './dom.js';
import { defaults } from './config.js';
import { icon } from './icons.js';

/**
 * @typedef {import('./element.js').BaasElement} BaasElement
 * @typedef {import('./dom.js').Kid} Kid
 */

const WIDTHS = [240, 360, 480, 720, 960, 1280];

/**
 * An image that loads when it comes near, in a box whose size is known before.
 *
 * @param {BaasElement} element
 * @param {string | null | undefined} url
 * @param {string} alt
 * @param {string} sizes
 * @param {Record<string, any>} [more]
 */
export function picture(element, url, alt, sizes, more = {}) {
  const src = element.shop?.image(url);
  if (!src) return null;
  /** @type {(src: string, width: number) => string} */
  const resize = defaults.imageUrl ?? shopifyWidth;
  const set = WIDTHS.map((width) => [resize(src, width), width]).filter(([address]) => address !== src);
  const srcset = set.map(([address, width]) => `${address} ${width}w`).join(', ') || null;
  return h('img', { key: src, src, srcset, alt, sizes, loading: 'lazy', decoding: 'async', width: 800, height: 800, part: 'image', ...more });
}

/** Shops that were imported from Shopify have images that its servers resize. @param {string} src @param {number} width */
function shopifyWidth(src, width) {
  return /^https:\/\/cdn\.shopify\.com\//.test(src) ? `${src}${src.includes('?') ? '&' : '?'}width=${width}` : src;
}

/**
 * A notice that what is shown may be old, with a button to try again.
 *
 * @param {BaasElement} element
 * @param {number | null} since
 * @param {boolean} isSlow
 * @param {() => void} again
 */
export function staleNotice(element, since, isSlow, again) {
  if (!since) return null;
  return h('p', { class: 'notice', part: 'notice', role: 'status' },
    h('span', null, element.t(isSlow ? 'slow' : 'offline', { time: element.time(since) })),
    !isSlow && h('button', { class: 'link', type: 'button', onclick: again }, element.t('retry'))
  );
}

/**
 * What is shown when nothing could be loaded at all.
 *
 * @param {BaasElement} element
 * @param {import('./errors.js').ApiError} error
 * @param {() => void} again
 */
export function failure(element, error, again) {
  return h('div', { class: 'notice', part: 'notice', role: 'alert' },
    h('span', null, element.sorry(error)),
    h('button', { class: 'link', type: 'button', onclick: again }, element.t('retry'))
  );
}

/**
 * A price with what it was before.
 *
 * @param {BaasElement} element
 * @param {number} price
 * @param {string} currency
 * @param {number | null} [was]
 * @param {boolean} [from]
 */
export function priceOf(element, price, currency, was, from) {
  const text = element.money(price, currency);
  return h('p', { class: 'price', part: 'price' },
    from ? element.t('from', { price: text }) : text,
    was && was > price && h('s', { class: 'was' }, element.money(was, currency))
  );
}

/**
 * Minus, quantity, plus.
 *
 * @param {BaasElement} element
 * @param {string} name
 * @param {number} quantity
 * @param {{min: number, max: number}} bounds
 * @param {(quantity: number) => void} choose
 */
export function stepper(element, name, quantity, { min, max }, choose) {
  /** @param {number} by @param {'less' | 'moreOf'} text @param {'minus' | 'plus'} sign */
  const step = (by, text, sign) => {
    const next = quantity + by;
    // Not disabled: a button that has the focus must keep it.
    const isEnd = next < min || next > max;
    return h('button', { class: 'icon', type: 'button', part: `quantity-${sign}`, 'aria-label': element.t(text, { name }),
      'aria-disabled': isEnd && 'true', onclick: () => isEnd || choose(next) }, icon(sign));
  };
  return h('span', { class: 'stepper', part: 'quantity', role: 'group', 'aria-label': element.t('quantity') },
    step(-1, 'less', 'minus'),
    h('output', null, quantity),
    step(1, 'moreOf', 'plus')
  );
}

/**
 * The sums of a cart or an order, as the server computed them.
 *
 * @param {BaasElement} element
 * @param {import('./types.js').Totals} sums
 */
export function totals(element, sums) {
  const { t } = element;
  /** @param {number} amount */
  const amount = (amount) => element.money(amount, sums.currency);
  /** @param {string} name @param {Kid} value @param {string} [kind] */
  const row = (name, value, kind) => h('div', { class: kind, part: kind ? 'total' : 'amount' }, h('dt', null, name), h('dd', null, value));
  return h('dl', { class: 'sums', part: 'totals' },
    row(t('subtotal'), amount(sums.subtotal)),
    sums.discount_total > 0 && row(t('discount'), amount(-sums.discount_total)),
    row(t('shipping'), sums.shipping_total ? amount(sums.shipping_total) : t('free')),
    !sums.prices_include_tax && sums.tax_total > 0 && row(t('tax'), amount(sums.tax_total)),
    row(t('total'), amount(sums.total), 'sum'),
    sums.prices_include_tax && sums.tax_total > 0 && h('div', { class: 'muted small' }, h('dt', null, t('taxIn')), h('dd', null, amount(sums.tax_total)))
  );
}

/**
 * Open a dialog as a modal one: the browser keeps the page behind it inert, and gives the focus back afterwards.
 *
 * @param {HTMLDialogElement} dialog
 */
export function openModal(dialog) {
  // In braces: a handler that answers false would undo every click inside, submissions among them.
  dialog.onclick = (event) => {
    if (event.target === dialog) dialog.close();
  };
  if (!dialog.open) dialog.showModal();
}
