/** `<baas-product handle variant heading page-title>`: gallery, options, stock, quantity. Without a handle it takes `?handle=` of the page. */

import { addToCart } from '../add.js';
import { h } from '../dom.js';
import { BaasElement } from '../element.js';
import { headingOf } from '../late-parts.js';
import { failure, picture, priceOf, staleNotice, stepper } from '../parts.js';
import { rich } from '../rich.js';
import { productCss } from '../styles/product.css.js';

/**
 * @typedef {import('../types.js').Product} Product
 * @typedef {import('../types.js').Variant} Variant
 */

export class BaasProduct extends BaasElement {
  static observedAttributes = [...BaasElement.attributes, 'handle', 'variant', 'heading'];
  static css = productCss;

  /** @type {Product | null} */
  product = null;
  /** Chosen values, one for each option. @type {string[]} */
  values = [];
  /** The picture that is shown. */
  at = 0;
  quantity = 1;
  isAdding = false;
  sorryText = '';
  isSlow = false;
  /** @type {number | null} */
  staleSince = null;
  /** @type {import('../errors.js').ApiError | null} */
  error = null;
  /** Called after something was added. @type {(() => void) | null} */
  onAdded = null;
  #seen = '';

  get handle() {
    return this.getAttribute('handle') || new URLSearchParams(location.search).get('handle') || '';
  }

  start() {
    this.product = null;
    this.load();
    this.listen(window, 'online', () => this.staleSince && this.load());
  }

  /** Ask for the product. */
  async load() {
    const { shop, handle } = this;
    if (!shop || !handle) return;
    this.error = null;
    await this.attempt(
      () => shop.recall(`product:${handle}`, () => shop.client.products.get(handle), (product, since, isSlow) => {
        if (handle === this.handle) this.take(product, since, isSlow);
      }),
      (error) => (this.error = error)
    );
    this.draw();
  }

  /** @param {Product} product @param {number | null} since @param {boolean} isSlow */
  take(product, since, isSlow) {
    const wanted = this.getAttribute('variant');
    const keep = this.product?.id === product.id && this.variant?.id;
    const first =
      product.variants.find((variant) => variant.id === keep || (wanted && (variant.id === wanted || variant.sku === wanted))) ??
      product.variants.find((variant) => variant.in_stock) ??
      product.variants[0];
    this.product = product;
    this.staleSince = since;
    this.isSlow = isSlow;
    if (!keep) {
      this.values = first?.option_values ?? [];
      this.quantity = 1;
      this.showImageOf(first);
    }
    if (this.#seen !== product.id && first) {
      this.#seen = product.id;
      const title = this.getAttribute('page-title');
      if (title) document.title = title.replace('{name}', product.name);
      this.analyse('view_item', product.currency, first.price, [{ item_id: first.sku || first.id, item_name: product.name, price: first.price, quantity: 1 }]);
    }
    this.draw();
  }

  /** The variant of the chosen values. @returns {Variant | undefined} */
  get variant() {
    return this.product?.variants.find((variant) => variant.option_values.every((value, index) => value === this.values[index]));
  }

  /** @param {number} option @param {string} value */
  choose(option, value) {
    const { product } = this;
    if (!product) return;
    const values = this.values.with(option, value);
    // A combination that does not exist gives way to one with the value that was just chosen.
    const exact = product.variants.find((variant) => variant.option_values.every((each, index) => each === values[index]));
    this.values = (exact ?? product.variants.find((variant) => variant.option_values[option] === value))?.option_values ?? values;
    this.quantity = Math.max(1, Math.min(this.quantity, this.variant?.available ?? Infinity));
    this.sorryText = '';
    this.showImageOf(this.variant);
    this.draw();
  }

  /** @param {Variant | undefined} variant */
  showImageOf(variant) {
    const images = this.product?.images ?? [];
    const at = images.findIndex((image) => variant && (image.id === variant.image_id || image.variant_ids.includes(variant.id)));
    this.at = Math.max(0, at);
  }

  /** Put it into the cart, as the button does. @param {{quantity?: number}} [more] */
  async add({ quantity = this.quantity } = {}) {
    const { product, variant } = this;
    if (!product || !variant || this.isAdding) return;
    this.isAdding = true;
    this.sorryText = '';
    this.draw();
    this.sorryText = await addToCart(this, product, variant, quantity);
    this.isAdding = false;
    if (this.sorryText) this.load();
    else this.onAdded?.();
    this.draw();
  }

  view() {
    const { product } = this;
    if (this.error) return [this.error.status === 404 ? h('p', { class: 'none' }, this.t('none')) : failure(this, this.error, () => this.load())];
    if (!this.handle) return [h('p', { class: 'none' }, this.t('none'))];
    return product ? [staleNotice(this, this.staleSince, this.isSlow, () => this.load()), h('div', { class: 'product', part: 'product' }, this.gallery(product), this.about(product))] : this.skeleton();
  }

  skeleton() {
    /** @param {string} kind */
    const bone = (kind) => h('span', { class: `bone ${kind}` }, '\u00a0');
    return [
      h('div', { class: 'product', 'aria-busy': 'true' },
        h('div', { class: 'gallery' }, h('div', { class: 'tile wait' })),
        h('div', { class: 'about' }, bone('third'), h('p', { class: 'title' }, bone('')), bone('third'), bone('tall'), bone('button-like'))
      ),
    ];
  }

  /** @param {Product} product */
  gallery(product) {
    const { images } = product;
    const image = images[this.at];
    return h('div', { class: 'gallery', part: 'gallery' },
      h('div', { class: 'tile', part: 'tile' }, picture(this, image?.url, image?.alt || product.name, '(max-width: 44rem) 100vw, 34rem', { loading: 'eager', fetchpriority: 'high' })),
      images.length > 1 && h('div', { class: 'thumbs', role: 'group', 'aria-label': product.name },
        images.slice(0, 12).map((each, index) =>
          h('button', { class: 'thumb tile', key: each.id, type: 'button', part: 'thumbnail', 'aria-label': each.alt || this.t('thumb', { n: index + 1 }), 'aria-pressed': String(index === this.at), onclick: () => {
            this.at = index;
            this.draw();
          } }, picture(this, each.url, '', '5rem'))
        )
      )
    );
  }

  /** @param {Product} product */
  about(product) {
    const { t, variant } = this;
    const left = variant?.available ?? null;
    const canBuy = Boolean(variant?.in_stock);
    const isLow = left !== null && left <= 5;
    return h('div', { class: 'about' },
      product.vendor && h('p', { class: 'vendor muted small', part: 'vendor' }, product.vendor),
      h(headingOf(this), { class: 'title', part: 'name' }, product.name),
      variant && priceOf(this, variant.price, product.currency, variant.compare_at_price),
      product.options.map((option, index) => this.option(product, option, index)),
      h('p', { class: `stock ${!canBuy ? 'out' : isLow ? 'low' : ''}`, part: 'stock' },
        h('span', { class: 'dot' }),
        !canBuy ? t('soldOut') : isLow ? t('fewLeft', { n: left }) : t('inStock')
      ),
      h('div', { class: 'buy' },
        canBuy && stepper(this, product.name, this.quantity, { min: 1, max: Math.min(99, left ?? 99) }, (quantity) => {
          this.quantity = quantity;
          this.draw();
        }),
        h('button', { class: 'button', type: 'button', part: 'button', disabled: !canBuy, 'aria-busy': this.isAdding && 'true', onclick: () => this.add() },
          t(!canBuy ? 'soldOut' : this.isAdding ? 'adding' : 'add'))
      ),
      this.sorryText && h('p', { class: 'error', part: 'error' }, this.sorryText),
      product.description && h('div', { class: 'description', part: 'description' }, rich(product.description))
    );
  }

  /** @param {Product} product @param {{name: string, values: string[]}} option @param {number} index */
  option(product, option, index) {
    return h('fieldset', { key: `o:${index}`, part: 'option' },
      h('legend', { class: 'label' }, option.name, h('span', { class: 'muted' }, ` · ${this.values[index] ?? ''}`)),
      h('div', { class: 'values' },
        option.values.map((value) => {
          const canBuy = product.variants.some((variant) => variant.in_stock && variant.option_values.every((each, at) => each === (at === index ? value : this.values[at])));
          return h('label', { class: `value${canBuy ? '' : ' out'}`, key: `v:${value}`, part: 'option-value' },
            h('input', { class: 'hidden', type: 'radio', name: `option-${index}`, value, checked: this.values[index] === value, onchange: () => this.choose(index, value) }),
            h('span', null, value, !canBuy && h('span', { class: 'hidden' }, ` (${this.t('soldOut')})`))
          );
        })
      )
    );
  }
}
