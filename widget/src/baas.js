/** Everything: registers the elements, and offers them as an object, `Baas`, for people who prefer one. */

import { defaults } from './config.js';
import { define } from './define.js';
import { ApiError, SetupError } from './errors.js';
import { BaasCart } from './elements/cart.js';
import { BaasProducts } from './elements/products.js';
import { BaasShop } from './elements/shop.js';
import { load, parts } from './load.js';
import { Mount } from './mount.js';
import { sources } from './sources.js';

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
};

// Before the elements: each asks for its language as soon as it has a name.
Object.assign(parts, sources);
define({ 'baas-shop': BaasShop, 'baas-products': BaasProducts, 'baas-cart': BaasCart });
/** @type {any} */ (globalThis).Baas ??= Baas;

// The other elements at once when the page has one, else when it has nothing better to do.
if (document.querySelector('baas-product, baas-buy-button, baas-checkout, baas-order-status')) load('late');
else if (document.readyState === 'complete') setTimeout(load, 200, 'late');
else addEventListener('load', () => setTimeout(load, 200, 'late'));

export { ApiError, BaasCart, BaasProducts, BaasShop, SetupError };
