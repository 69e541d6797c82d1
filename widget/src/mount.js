/** A whole shop in a container: products with search and categories, and the cart. */

/**
 * @typedef {object} MountOptions
 * @property {string} key publishable key
 * @property {string | Element} container an element, or a selector of one
 * @property {'grid' | 'list' | 'carousel'} [layout]
 * @property {'light' | 'dark' | 'auto' | 'custom'} [theme]
 * @property {string} [locale] such as `es-AR`
 * @property {string | Record<string, string>} [customStyles] CSS for the inside, or custom properties by name
 * @property {string} [apiEndpoint] such as `https://api.example/api/v1`; that of the script by default
 * @property {string} [category]
 * @property {string} [q]
 * @property {string} [sort]
 * @property {number} [limit]
 * @property {boolean} [controls] search, categories and order (shown unless false)
 * @property {boolean} [cart] the floating cart (shown unless false)
 * @property {string} [productUrl] pages of products, such as `/p/{handle}`
 * @property {string} [checkoutUrl]
 * @property {string} [returnUrl]
 * @property {string} [providers]
 */

import { SetupError } from './errors.js';

export class Mount {
  /** @param {MountOptions} options */
  constructor(options) {
    this.options = { ...options };
    /** @type {Element | null} */
    this.place = null;
    this.shop = document.createElement('baas-shop');
    this.products = /** @type {import('./elements/products.js').BaasProducts} */ (document.createElement('baas-products'));
    this.cart = /** @type {import('./elements/cart.js').BaasCart} */ (document.createElement('baas-cart'));
  }

  /** Find the container. Throws SetupError when there is none. */
  init() {
    const { container } = this.options;
    const place = typeof container === 'string' ? document.querySelector(container) : container;
    if (!(place instanceof Element)) throw new SetupError(`There is no element ${String(container)} on this page. Run this after it, or in a module script.`);
    this.place = place;
    return this;
  }

  /** Bring the elements to what the options say, and into the container. */
  render() {
    const o = this.options;
    const styles = typeof o.customStyles === 'object' ? '' : o.customStyles;
    attributes(this.shop, { key: o.key, api: o.apiEndpoint, theme: o.theme, locale: o.locale, styles });
    if (typeof o.customStyles === 'object') {
      for (const [name, value] of Object.entries(o.customStyles)) this.shop.style.setProperty(name, value);
    }
    attributes(this.products, {
      layout: o.layout, category: o.category, q: o.q, sort: o.sort, limit: o.limit, 'product-url': o.productUrl, controls: o.controls === false ? null : '',
    });
    attributes(this.cart, { floating: '', hidden: o.cart === false ? '' : null, 'checkout-url': o.checkoutUrl, 'return-url': o.returnUrl, providers: o.providers });
    if (this.shop.isConnected) {
      for (const element of [this.products, this.cart]) element.refresh();
    } else {
      this.shop.append(this.products, this.cart);
      this.place?.append(this.shop);
    }
    return this;
  }

  /** Change some options. @param {Partial<MountOptions>} options */
  update(options) {
    Object.assign(this.options, options);
    return this.render();
  }

  /** Take the shop off the page. The cart stays remembered. */
  destroy() {
    this.shop.remove();
    this.shop.replaceChildren();
  }
}

/** @param {Element} element @param {Record<string, unknown>} values */
function attributes(element, values) {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value === null) element.removeAttribute(name);
    else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
  }
}
