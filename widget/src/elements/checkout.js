/** `<baas-checkout providers return-url countries>`: who, where to, and then on to the payment provider's page. */

import { complete } from '../client.js';
import { countries } from '../countries.js';
import { h } from '../dom.js';
import { BaasElement } from '../element.js';
import { analyticsItem, LOCK, openPayment, providerName } from '../late-parts.js';
import { picture, staleNotice, totals } from '../parts.js';
import { checkoutCss } from '../styles/checkout.css.js';

/**
 * @typedef {import('../types.js').Cart} Cart
 * @typedef {import('../texts.js').TextName} TextName
 */

/** Name, text, autocomplete, whether it is needed, how much of a row it takes. @type {[string, TextName, string, boolean, number][]} */
const FIELDS = [
  ['name', 'name', 'name', true, 6],
  ['line1', 'address', 'address-line1', true, 6],
  ['line2', 'extra', 'address-line2', false, 6],
  ['postal_code', 'postal', 'postal-code', false, 2],
  ['city', 'city', 'address-level2', true, 4],
  ['region', 'region', 'address-level1', false, 3],
  ['country', 'country', 'country', true, 3],
  ['phone', 'phone', 'tel', false, 6],
];

export class BaasCheckout extends BaasElement {
  static observedAttributes = [...BaasElement.attributes, 'providers', 'return-url', 'countries'];
  static css = checkoutCss;

  /** @type {Record<string, string>} */
  form = {};
  /** What is wrong with a field: the name of the text, which may still be on its way. @type {Record<string, TextName>} */
  errors = {};
  provider = '';
  isPlacing = false;
  sorryText = '';
  /** A total that is not the one that was agreed to. @type {{old: number, now: number} | null} */
  changed = null;
  /** What was sent and perhaps not answered: sending it again must not make a second order. @type {{text: string, cart: Cart, name: string} | null} */
  #sent = null;
  #begun = '';
  #filled = false;
  isPlaced = false;
  isLeaving = false;

  /** @param {import('../shop.js').Shop} shop */
  start(shop) {
    this.#filled = this.isPlaced = this.isLeaving = false;
    // The browser may bring this page back as it was left.
    this.listen(window, 'pageshow', (event) => event.persisted && this.refresh());
    shop.cart.load().then(() => {
      if (shop.cart.cart) this.fill(shop.cart.cart);
      this.draw();
    });
    this.listen(window, 'online', () => shop.cart.refresh());
  }

  /** The providers to choose from. */
  get providers() {
    const named = (this.getAttribute('providers') ?? '').match(/[\w-]+/g);
    return named ?? [this.shop?.store?.mode === 'live' ? 'mercadopago' : 'sandbox'];
  }

  /** Begin with what the cart knows already. @param {Cart} cart */
  fill(cart) {
    if (this.#filled) return;
    this.#filled = true;
    const known = Object.entries({ ...cart.shipping_address, email: cart.email }).filter(([, value]) => value);
    this.form = { ...Object.fromEntries(/** @type {[string, string][]} */ (known)), ...this.form };
  }

  /** What is entered. The country is the store's own until another one is chosen, if one can order from there. @param {string} name */
  value(name) {
    if (name !== 'country') return (this.form[name] ?? '').trim();
    const codes = this.places().map(([code]) => code);
    const { country = '' } = this.shop?.store ?? {};
    return [this.form.country, country, codes.length === 1 ? codes[0] : ''].find((code) => codes.includes(code)) ?? '';
  }

  /** @param {Cart} cart */
  needed(cart) {
    return FIELDS.filter(([, , , isNeeded]) => isNeeded && cart.requires_shipping).map(([name]) => name);
  }

  /** Whether all is there; otherwise the first field that is not gets the focus. @param {Cart} cart */
  check(cart) {
    /** @type {Record<string, TextName>} */
    const errors = {};
    const email = this.value('email');
    if (!/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(email)) errors.email = email ? 'wrongEmail' : 'needed';
    for (const name of this.needed(cart)) if (!this.value(name)) errors[name] = 'needed';
    return this.blame(errors);
  }

  /** @param {Record<string, TextName>} errors */
  blame(errors) {
    this.errors = errors;
    this.draw();
    queueMicrotask(() => this.$('[aria-invalid=true]')?.focus());
    return !Object.keys(errors).length;
  }

  /** Place the order and go to the payment. */
  async place() {
    const { shop } = this;
    const cart = this.#sent?.cart ?? shop?.cart.cart;
    if (!shop || !cart || this.isPlacing || !this.check(cart)) return;
    this.isPlacing = true;
    this.sorryText = '';
    this.draw();
    await this.attempt(() => this.order(shop, cart), (error) => this.refused(error, cart));
    this.isPlacing = false;
    this.draw();
  }

  /** @param {import('../shop.js').Shop} shop @param {Cart} seen */
  async order(shop, seen) {
    const email = this.value('email');
    const filled = FIELDS.map(([name]) => [name, this.value(name)]).filter(([, value]) => value);
    /** @type {any} */
    const address = seen.requires_shipping ? Object.fromEntries(filled) : undefined;
    const body = { provider: this.provider || this.providers[0], email, shipping_address: address, expected_total: seen.total, return_url: this.returnUrl };
    const text = JSON.stringify(body);
    if (this.#sent?.text !== text) {
      this.#sent = null;
      const now = await shop.cart.update({ email, ...(address && { shipping_address: address }) });
      if (now.total !== seen.total) return this.different(seen.total, now.total, now.currency);
      if (!this.emit('checkout', { step: 'place', cart: now }, true)) return;
      this.#sent = { text, cart: now, name: Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join('') };
    }
    const { order, payment } = await complete(shop.client).carts.checkout(seen.id, body, this.#sent.name);
    this.#sent = null;
    this.changed = null;
    const url = payment?.next_action?.type === 'redirect' ? payment.next_action.url : '';
    shop.memory.set('order', { id: order.id, token: order.access_token, number: order.number, url, at: Date.now(), paid: !payment });
    this.isPlaced = true;
    shop.cart.forget();
    if (!this.emit('order-placed', { order, payment }, true)) return;
    this.isLeaving = Boolean(this.returnUrl);
    openPayment(url, this.returnUrl);
  }

  /** @param {number} old @param {number} now @param {string} currency */
  different(old, now, currency) {
    this.changed = { old, now };
    this.announce(this.t('changed', { old: this.money(old, currency), new: this.money(now, currency) }));
    queueMicrotask(() => this.$('.changed')?.scrollIntoView({ block: 'nearest' }));
  }

  /** @param {import('../errors.js').ApiError} error @param {Cart} cart */
  refused(error, cart) {
    if (!error.isOutage) this.#sent = null;
    /** @type {Record<string, string>} */
    const fields = error.details.fields ?? {};
    if (error.code === 'validation_error') {
      /** @type {[string, TextName][]} */
      const blamed = Object.keys(fields).map((path) => [path.split('.').pop() ?? '', path === 'email' ? 'wrongEmail' : 'needed']);
      if (blamed.some(([name]) => name === 'email' || FIELDS.some(([field]) => field === name))) {
        this.blame(Object.fromEntries(blamed));
        return;
      }
    }
    if (error.code === 'price_changed') this.different(cart.total, error.details.total, cart.currency);
    else this.sorryText = this.sorry(error);
    // Whatever it was, the cart may look different now.
    this.shop?.cart.refresh();
  }

  /** Where the provider sends the shopper afterwards; there is no such place for a file. */
  get returnUrl() {
    const url = new URL(this.getAttribute('return-url') || location.href, document.baseURI);
    if (!/^https?:$/.test(url.protocol)) return undefined;
    for (const name of ['payment_id', 'status']) url.searchParams.delete(name);
    url.searchParams.set('baas', 'order');
    url.hash = '';
    return url.href;
  }

  view() {
    const { t } = this;
    const store = this.shop?.cart;
    const cart = this.#sent?.cart ?? store?.cart;
    if (this.isLeaving) return [h('p', { class: 'none', role: 'status' }, t('placing'))];
    const last = this.shop?.memory.get('order');
    // Back from the provider without having paid: the order still can be.
    const isUnpaid = !cart && last?.url && !last.paid && Date.now() - last.at < 18e5;
    if (this.isPlaced || isUnpaid) return [h('baas-order-status', { providers: this.getAttribute('providers'), 'return-url': this.getAttribute('return-url') })];
    if (!cart?.items.length) {
      return store?.busy ? [h('p', { class: 'none bone' }, '\u00a0')] : [h('p', { class: 'none' }, t('empty'))];
    }
    if (this.#begun !== cart.id) {
      this.#begun = cart.id;
      this.analyse('begin_checkout', cart.currency, cart.total, cart.items.map(analyticsItem));
    }
    return [
      h('form', { class: 'checkout', part: 'form', novalidate: true, onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        this.place();
      } },
        h('div', { class: 'entries' },
          h('fieldset', null, h('legend', null, t('contact')), h('div', { class: 'grid' }, this.field('email', 'email', 'email', true, 6, 'email'))),
          cart.requires_shipping && h('fieldset', null, h('legend', null, t('delivery')), h('div', { class: 'grid' }, FIELDS.map(([name, text, auto, isNeeded, width]) => this.field(name, text, auto, isNeeded, width)))),
          // A store has one way of sending things, so there is nothing to choose, but to be told.
          cart.requires_shipping && h('div', { part: 'shipping' },
            h('h2', { class: 'legend' }, t('shipping')),
            h('p', { class: 'way one' }, h('span', null, t('shippingStandard')), h('span', { class: 'price' }, cart.shipping_total ? this.money(cart.shipping_total, cart.currency) : t('free')))
          ),
          this.providers.length > 1 && this.choice()
        ),
        this.summary(cart)
      ),
    ];
  }

  /** @param {Cart} cart */
  summary(cart) {
    const { t, changed } = this;
    const store = this.shop?.cart;
    /** @param {number} amount */
    const amount = (amount) => this.money(amount, cart.currency);
    const canBuy = cart.items.every((item) => item.available);
    return h('div', { class: 'summary', part: 'summary' },
      h('ul', { class: 'lines', role: 'list' },
        cart.items.map((item) =>
          h('li', { key: item.id },
            h('div', { class: 'tile' }, picture(this, item.image_url, '', '4rem')),
            h('p', null, item.product_name, h('span', { class: 'muted small block' }, [item.variant_name, `×\u00a0${item.quantity}`].filter(Boolean).join(' · ')), !item.available && h('span', { class: 'error small block' }, t('unavailable'))),
            h('p', { class: 'price' }, amount(item.total))
          )
        )
      ),
      totals(this, cart),
      staleNotice(this, store?.staleSince ?? null, false, () => store?.refresh()),
      changed && h('p', { class: 'notice changed', part: 'notice', role: 'alert' }, t('changed', { old: amount(changed.old), new: amount(changed.now) })),
      this.sorryText && h('p', { class: 'notice', part: 'notice', role: 'alert' }, this.sorryText),
      h('button', { class: 'button wide', type: 'submit', part: 'pay', disabled: !canBuy, 'aria-busy': this.isPlacing && 'true' }, this.isPlacing ? t('placing') : [LOCK, t('pay', { total: amount(cart.total) })]),
      h('p', { class: 'muted small safe' }, this.shop?.store?.mode === 'test' ? t('test') : t('safe', { provider: providerName(this.provider || this.providers[0]) }))
    );
  }

  /** @param {string} name @param {TextName} text @param {string} auto @param {boolean} isNeeded @param {number} width @param {string} [type] */
  field(name, text, auto, isNeeded, width, type) {
    const error = this.errors[name];
    const props = {
      class: 'input', name, part: 'input', autocomplete: auto, maxlength: 200, value: name === 'country' ? this.value(name) : this.form[name] ?? '', 'aria-required': isNeeded && 'true',
      'aria-invalid': error && 'true', 'aria-describedby': error && `error-${name}`,
      oninput: (/** @type {any} */ event) => {
        this.form[name] = event.target.value;
        if (this.errors[name]) {
          delete this.errors[name];
          this.draw();
        }
      },
    };
    return h('label', { class: `field w${width}`, key: name },
      h('span', null, this.t(text)),
      name === 'country'
        ? h('span', { class: 'pick' }, h('select', props, this.places().map(([code, place]) => h('option', { value: code }, place))))
        : h('input', { ...props, type: type ?? (name === 'phone' ? 'tel' : 'text') }),
      error && h('span', { class: 'error', id: `error-${name}` }, this.t(error))
    );
  }

  /** @type {{name: string, list: [string, string][]} | null} */
  #places = null;

  places() {
    const only = this.getAttribute('countries') ?? '';
    const name = `${this.locale} ${only}`;
    if (this.#places?.name !== name) this.#places = { name, list: countries(this.locale, only || undefined) };
    return this.#places.list;
  }

  choice() {
    return h('fieldset', null,
      h('legend', null, this.t('payment')),
      this.providers.map((provider, index) =>
        h('label', { class: 'way', key: provider },
          h('input', { type: 'radio', name: 'provider', value: provider, checked: this.provider ? this.provider === provider : !index, onchange: () => {
            this.provider = provider;
            this.draw();
          } }),
          providerName(provider)
        )
      )
    );
  }
}
