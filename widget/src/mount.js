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
    this.container = null;
    this.shop = document.createElement('baas-shop');
    this.products = /** @type {import('./elements/products.js').BaasProducts} */ (document.createElement('baas-products'));
    this.cart = /** @type {import('./elements/cart.js').BaasCart} */ (document.createElement('baas-cart'));
  }

  /** Find the container. Throws SetupError when there is none. */
  init() {
    const { container } = this.options;
    const place = typeof container === 'string' ? document.querySelector(container) : container;
    if (!(place instanceof Element)) throw new SetupError(`There is no element ${String(container)} on this page. Run this after it, or in a module script.`);
    this.container = place;
    return this;
  }

  /** Bring the elements to what the options say, and into the container. */
  render() {
    const { key, apiEndpoint: api, theme, locale, customStyles, container: _, cart, controls, ...rest } = this.options;
    const isSheet = typeof customStyles === 'string';
    attributes(this.shop, { key, api, theme, locale, styles: isSheet ? customStyles : null });
    if (!isSheet) for (const [name, value] of Object.entries(customStyles ?? {})) this.shop.style.setProperty(name, value);
    attributes(this.products, { ...rest, controls: controls !== false });
    attributes(this.cart, { ...rest, floating: true, hidden: cart === false });
    if (this.shop.isConnected) {
      this.products.refresh();
      this.cart.refresh();
    } else {
      this.shop.append(this.products, this.cart);
      this.container?.append(this.shop);
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

/** Options as attributes: `productUrl` is `product-url`. @param {Element} element @param {Record<string, unknown>} values */
function attributes(element, values) {
  for (const [name, value] of Object.entries(values)) {
    const attribute = name.replace(/[A-Z]/g, '-$&').toLowerCase();
    if (value === undefined || value === null || value === false) element.removeAttribute(attribute);
    else element.setAttribute(attribute, value === true ? '' : String(value));
  }
}
