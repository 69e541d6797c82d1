/** `<baas-cart floating quiet checkout-url discounts>`: a button with the count, and the drawer it opens. */

import { h, safeUrl } from '../dom.js';
import { BaasElement } from '../element.js';
import { icon } from '../icons.js';
import { load } from '../load.js';
import { openModal, picture, staleNotice, stepper, totals } from '../parts.js';
import { cartCss } from '../styles/cart.css.js';

/** @typedef {import('../types.js').CartItem} CartItem */

export class BaasCart extends BaasElement {
  static observedAttributes = [...BaasElement.attributes, 'floating', 'checkout-url', 'discounts'];
  static css = cartCss;

  /** What the drawer shows. @type {'lines' | 'checkout' | 'order'} */
  page = 'lines';
  isOpen = false;
  sorryText = '';

  /** @param {import('../shop.js').Shop} shop */
  start(shop) {
    shop.cart.load();
    this.listen(window, 'online', () => shop.cart.refresh());
    // Back from the payment, on a page without a place for the order of its own.
    const isBack = new URLSearchParams(location.search).get('baas') === 'order' && shop.memory.get('order');
    if (isBack && !document.querySelector('baas-order-status')) {
      this.page = 'order';
      this.open();
    }
  }

  /** Open the drawer. */
  open() {
    if (this.isOpen) return;
    this.isOpen = true;
    if (this.page !== 'order') this.page = 'lines';
    load('late');
    this.draw();
    queueMicrotask(() => openModal(this.$('dialog')));
    this.shop?.cart.refresh();
  }

  /** Close the drawer; the focus goes back to where it was. */
  close() {
    this.$('dialog')?.close();
  }

  /** Go to the checkout: the shop's own page, the one on this page, or the one in the drawer. */
  checkout() {
    const cart = this.shop?.cart.cart;
    if (!cart || !this.emit('checkout', { step: 'begin', cart }, true)) return;
    const address = safeUrl(this.getAttribute('checkout-url'));
    if (this.hasAttribute('checkout-url') && address) {
      location.assign(address);
      return;
    }
    for (const other of /** @type {NodeListOf<BaasElement>} */ (document.querySelectorAll('baas-checkout'))) {
      if (other.shop !== this.shop) continue;
      this.close();
      other.scrollIntoView({ block: 'start' });
      other.$('input')?.focus();
      return;
    }
    this.go('checkout');
  }

  /** @param {'lines' | 'checkout' | 'order'} page */
  go(page) {
    this.page = page;
    load('late');
    this.draw();
    queueMicrotask(() => this.$('.head h2')?.focus());
  }

  /** @param {CartItem} item @param {number} quantity */
  choose(item, quantity) {
    this.sorryText = '';
    // The line will be gone, and with it the button that has the focus.
    if (!quantity) this.$('.head h2')?.focus();
    this.attempt(() => this.shop?.cart.choose(item.id, quantity) ?? Promise.resolve(), (error) => {
      this.sorryText = this.sorry(error);
      this.announce(this.sorryText);
    });
  }

  view() {
    const { t } = this;
    const count = this.shop?.cart.count ?? 0;
    return [
      h('button', { class: 'trigger', type: 'button', part: 'trigger', 'aria-haspopup': 'dialog', 'aria-label': t('cartCount', { n: count }), onclick: () => this.open() },
        icon('bag'),
        h('span', { class: `count${count ? '' : ' zero'}`, part: 'count', 'aria-hidden': 'true' }, count)
      ),
      h('dialog', { class: 'drawer', part: 'drawer', 'aria-label': t('cart'), onclose: () => this.closed() }, this.isOpen && this.inside()),
    ];
  }

  closed() {
    this.isOpen = false;
    if (this.page === 'order') {
      const url = new URL(location.href);
      for (const name of ['baas', 'payment_id', 'status']) url.searchParams.delete(name);
      history.replaceState(history.state, '', url);
    }
    this.page = 'lines';
    this.draw();
  }

  inside() {
    const { t, page } = this;
    const count = this.shop?.cart.count ?? 0;
    const title = page === 'lines' ? t('cart') : t(page === 'order' ? 'order' : 'checkout', { number: '' }).trim();
    return h('div', { class: 'inside' },
      h('div', { class: 'head' },
        page === 'checkout' && h('button', { class: 'icon', key: 'back', type: 'button', 'aria-label': t('back'), onclick: () => this.go('lines') }, icon('left')),
        h('h2', { tabindex: '-1' }, title, page === 'lines' && count > 0 && h('span', { class: 'muted' }, ` ${count}`)),
        h('button', { class: 'icon', key: 'close', type: 'button', part: 'close', 'aria-label': t('close'), onclick: () => this.close() }, icon('close'))
      ),
      page === 'lines' ? this.lines() : h('div', { class: 'body', key: page }, h(page === 'order' ? 'baas-order-status' : 'baas-checkout', {
        providers: this.getAttribute('providers'), 'return-url': this.getAttribute('return-url'), countries: this.getAttribute('countries'),
      }))
    );
  }

  lines() {
    const { t, shop } = this;
    const store = shop?.cart;
    const cart = store?.cart;
    if (!cart?.items.length) {
      return h('div', { class: 'body empty', key: 'empty', part: 'empty' },
        icon('bag'),
        h('p', { class: 'lead' }, t('empty')),
        h('p', { class: 'muted' }, t('emptyHint')),
        h('button', { class: 'button plain', type: 'button', onclick: () => this.close() }, t('keepShopping')),
        this.unpaid()
      );
    }
    const canBuy = cart.items.every((item) => item.available);
    const withCodes = this.hasAttribute('discounts') || shop?.store?.has_discounts;
    return h('div', { class: 'parts', key: 'lines' },
      h('div', { class: 'body' },
        staleNotice(this, store?.staleSince ?? null, false, () => store?.refresh()),
        this.sorryText && h('p', { class: 'notice', part: 'notice', role: 'alert' }, this.sorryText),
        h('ul', { class: 'lines', role: 'list', part: 'lines' }, cart.items.map((item) => this.line(item, cart.currency)))
      ),
      h('div', { class: `foot${store?.busy ? ' busy' : ''}`, part: 'footer', 'aria-busy': store?.busy ? 'true' : null },
        withCodes && h('baas-discount-code', null),
        totals(this, cart),
        h('button', { class: 'button wide', type: 'button', part: 'checkout', disabled: !canBuy, onclick: () => this.checkout() }, t('checkout'), icon('right'))
      )
    );
  }

  /** @param {CartItem} item @param {string} currency */
  line(item, currency) {
    const { t } = this;
    const quantity = this.shop?.cart.wanted.get(item.id) ?? item.quantity;
    return h('li', { class: `line${quantity ? '' : ' leaving'}`, key: item.id, part: 'line' },
      h('div', { class: 'tile' }, picture(this, item.image_url, '', '5.5rem')),
      h('div', { class: 'what' },
        h('p', { class: 'name', part: 'name' }, item.product_name),
        item.variant_name && h('p', { class: 'muted small' }, item.variant_name),
        item.price_changed && h('p', { class: 'small changed' }, `${t('priceNew')}: ${this.money(item.unit_price, currency)}`),
        !item.available && h('p', { class: 'error small' }, t('unavailable'))
      ),
      h('p', { class: 'price' }, this.money(item.total, currency)),
      h('div', { class: 'how' },
        stepper(this, item.product_name, quantity, { min: 1, max: 9999 }, (next) => this.choose(item, next)),
        h('button', { class: 'link small muted', type: 'button', 'aria-label': t('remove', { name: item.product_name }), onclick: () => this.choose(item, 0) }, t('remove', { name: '' }).trim())
      )
    );
  }

  /** An order that was placed and not paid can still be. */
  unpaid() {
    const order = this.shop?.memory.get('order');
    const url = safeUrl(order?.url);
    return url && !order.paid && Date.now() - order.at < 18e5 && h('p', { class: 'notice' }, h('span', null, this.t('unpaid', { number: order.number })), h('a', { href: url }, this.t('openPayment')));
  }
}
