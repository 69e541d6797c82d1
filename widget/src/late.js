/** The elements that a first sight of a shop does not need. */

import { drawerOf } from './add.js';
import { define } from './define.js';
import { BaasBuyButton } from './elements/buy-button.js';
import { BaasCheckout } from './elements/checkout.js';
import { BaasDiscountCode } from './elements/discount-code.js';
import { BaasOrderStatus } from './elements/order-status.js';
import { BaasProduct } from './elements/product.js';
import { BaasQuickView } from './elements/quick-view.js';

define({
  'baas-product': BaasProduct,
  'baas-buy-button': BaasBuyButton,
  'baas-quick-view': BaasQuickView,
  'baas-discount-code': BaasDiscountCode,
  'baas-checkout': BaasCheckout,
  'baas-order-status': BaasOrderStatus,
});

// A page without a cart of its own shows one as soon as there is something to see in it: lines, or an order just paid.
const isBack = new URLSearchParams(location.search).get('baas') === 'order' && !document.querySelector('baas-order-status');
for (const element of /** @type {NodeListOf<import('./element.js').BaasElement>} */ (document.querySelectorAll('baas-products, baas-product, baas-buy-button'))) {
  if (element.shop && (isBack || element.shop.cart.count)) drawerOf(element);
}

// A browser does not tell a page why it was refused across origins: tell its builder what it may have been.
addEventListener('baas:error', (event) => {
  if (/** @type {CustomEvent} */ (event).detail.code !== 'offline' || !navigator.onLine) return;
  const origin = location.protocol === 'file:' ? 'null' : location.origin;
  console.warn(`baas: no answer. If the API runs, see whether the key is right, and whether "${origin}" is one of the store's allowed_origins.`);
});
