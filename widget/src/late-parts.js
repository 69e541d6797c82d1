/** Pieces that only the checkout and the order need. */

import { safeUrl } from './dom.js';
import { sign } from './icons.js';

export const CHECK = sign('M5 12.5l4.5 4.5L19 7.5');
export const LOCK = sign('M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3');

/** A line as GA4 wants it. @param {import('./types.js').CartItem | import('./types.js').OrderItem} item */
export const analyticsItem = (item) => ({
  item_id: item.sku || item.variant_id,
  item_name: item.product_name,
  item_variant: item.variant_name || undefined,
  price: item.unit_price,
  quantity: item.quantity,
});

/** The tag of an element's own heading: the attribute `heading` says its level, 2 by default. @param {Element} element @param {number} [below] */
export const headingOf = (element, below = 0) => `h${Math.min(6, Number(/^[1-6]$/.exec(element.getAttribute('heading') ?? '') ?? 2) + below)}`;

/** @type {Record<string, string>} */
const PROVIDERS = { mercadopago: 'Mercado Pago', stripe: 'Stripe', sandbox: 'Sandbox' };

/** @param {string} provider */
export const providerName = (provider) => PROVIDERS[provider] ?? provider;

/**
 * Go to the provider's page. A page that the provider cannot send anybody back to stays open beside it.
 *
 * @param {string} url
 * @param {string | undefined} returnUrl
 */
export function openPayment(url, returnUrl) {
  const safe = /^https?:/.test(safeUrl(url)) ? safeUrl(url) : '';
  if (safe && returnUrl) location.assign(safe);
  else if (safe) window.open(safe, '_blank', 'noopener');
  else if (returnUrl) location.assign(returnUrl);
}
