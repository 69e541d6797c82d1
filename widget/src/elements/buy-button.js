/** `<baas-buy-button product variant label>`: one button. Its own content is what shows while nothing can be sold. */

import { addToCart } from '../add.js';
import { h } from '../dom.js';
import { BaasElement } from '../element.js';
import { buyButtonCss } from '../styles/buy-button.css.js';

export class BaasBuyButton extends BaasElement {
  static observedAttributes = [...BaasElement.attributes, 'product', 'variant', 'label', 'quantity'];
  static css = buyButtonCss;

  /** @type {import('../types.js').Product | null} */
  found = null;
  isAdding = false;
  isOpen = false;
  sorryText = '';
  failed = false;

  start() {
    this.found = null;
    this.load();
  }

  async load() {
    const { shop } = this;
    const ref = this.getAttribute('product');
    if (!shop || !ref) return;
    this.failed = false;
    await this.attempt(
      () => shop.recall(`product:${ref}`, () => shop.client.products.get(ref), (product) => {
        this.found = product;
        this.draw();
      }),
      () => (this.failed = true)
    );
    this.draw();
  }

  /** The variant that is named, or the only one. */
  get chosen() {
    const wanted = this.getAttribute('variant');
    const variants = this.found?.variants ?? [];
    return wanted ? variants.find((variant) => variant.id === wanted || variant.sku === wanted) : variants.length === 1 ? variants[0] : undefined;
  }

  /** Put it into the cart, or let the shopper choose its options first. @param {{quantity?: number}} [more] */
  async add({ quantity = Math.max(1, Number(this.getAttribute('quantity')) || 1) } = {}) {
    const { found, chosen } = this;
    if (!found || this.isAdding) return;
    if (!chosen) {
      this.isOpen = true;
      this.draw();
      return;
    }
    this.isAdding = true;
    this.draw();
    this.sorryText = await addToCart(this, found, chosen, quantity);
    this.isAdding = false;
    this.draw();
  }

  view() {
    const { found, chosen, t } = this;
    if (this.failed) return [h('slot', null)];
    const canBuy = found && (chosen ? chosen.in_stock : found.in_stock);
    const price = found && this.money(chosen?.price ?? found.price_range.min, found.currency);
    this.toggleAttribute('busy', this.isAdding || !found);
    this.toggleAttribute('sold-out', Boolean(found && !canBuy));
    return [
      h('button', { class: 'button', part: 'button', type: 'button', disabled: !canBuy, 'aria-busy': (this.isAdding || !found) && 'true', onclick: () => this.add() },
        h('span', null, !found ? t('loading') : !canBuy ? t('soldOut') : this.isAdding ? t('adding') : this.getAttribute('label') || t('add')),
        canBuy && h('span', { class: 'amount', part: 'price' }, price)
      ),
      this.sorryText && h('p', { class: 'error', part: 'error' }, this.sorryText),
      this.isOpen && found && h('baas-quick-view', { key: 'shown', handle: found.handle, onclose: () => {
        this.isOpen = false;
        this.draw();
      } }),
    ];
  }
}
