/** Everything: registers the elements, and offers them as an object, `Baas`, for people who prefer one. */

import { defaults } from './config.js';
import { createClient } from './client.js';
import { ApiError, SetupError } from './errors.js';
import { BaasBuyButton } from './elements/buy-button.js';
import { BaasCart } from './elements/cart.js';
import { BaasCheckout } from './elements/checkout.js';
import { BaasOrderStatus } from './elements/order-status.js';
import { BaasProduct } from './elements/product.js';
import { BaasProducts } from './elements/products.js';
import { BaasShop } from './elements/shop.js';
import { Mount } from './mount.js';

const ELEMENTS = {
  'baas-shop': BaasShop,
  'baas-products': BaasProducts,
  'baas-product': BaasProduct,
  'baas-buy-button': BaasBuyButton,
  'baas-cart': BaasCart,
  'baas-checkout': BaasCheckout,
  'baas-order-status': BaasOrderStatus,
};

/** @typedef {import('./mount.js').MountOptions} MountOptions */

export const Baas = {
  /** Put a whole shop into a container. @param {MountOptions} options */
  mount: (options) => new Mount(options).init().render(),
  /**
   * Settings for all elements that have none of their own.
   *
   * @param {{key?: string, api?: string, locale?: string, theme?: string, styles?: string, imageUrl?: (url: string, width: number) => string}} settings
   */
  configure: (settings) => void Object.assign(defaults, settings),
  createClient,
};

// Loading twice is harmless: a name is given once.
for (const [name, constructor] of Object.entries(ELEMENTS)) {
  if (!customElements.get(name)) customElements.define(name, constructor);
}
/** @type {any} */ (globalThis).Baas ??= Baas;

export { ApiError, createClient, SetupError };
export { BaasBuyButton, BaasCart, BaasCheckout, BaasOrderStatus, BaasProduct, BaasProducts, BaasShop };
