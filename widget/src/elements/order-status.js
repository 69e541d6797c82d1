/** `<baas-order-status order token providers return-url heading>`: the shopper's order. Without attributes, the one of the address or the last one placed here. */

import { complete } from '../client.js';
import { h, safeUrl } from '../dom.js';
import { BaasElement } from '../element.js';
import { icon } from '../icons.js';
import { decimal } from '../money.js';
import { analyticsItem, CHECK, headingOf, LOCK, openPayment } from '../late-parts.js';
import { failure, picture, totals } from '../parts.js';
import { orderStatusCss } from '../styles/order-status.css.js';

/**
 * @typedef {import('../types.js').Order} Order
 * @typedef {import('../texts.js').TextName} TextName
 */

/** The way of an order: statuses of each step. @type {[TextName, string[]][]} */
const STEPS = [
  ['st_placed', []],
  ['st_paid', ['paid', 'processing', 'shipped', 'delivered']],
  ['st_shipped', ['shipped', 'delivered']],
  ['st_delivered', ['delivered']],
];

export class BaasOrderStatus extends BaasElement {
  static observedAttributes = [...BaasElement.attributes, 'order', 'token', 'providers', 'return-url', 'heading'];
  static css = orderStatusCss;

  /** @type {Order | null} */
  order = null;
  /** @type {import('../errors.js').ApiError | null} */
  error = null;
  isGone = false;
  isPaying = false;
  #tries = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  start() {
    this.#tries = 0;
    this.load();
    this.listen(document, 'visibilitychange', () => document.visibilityState === 'visible' && this.isWaiting && this.load());
    this.listen(this.life.signal, 'abort', () => clearTimeout(this.#timer));
  }

  /** Which order, and what opens it. */
  get which() {
    const query = new URLSearchParams(location.search);
    const last = this.shop?.memory.get('order');
    const id = this.getAttribute('order') || query.get('order') || last?.id || '';
    const token = this.getAttribute('token') || query.get('token') || (last?.id === id ? last.token : '');
    return { id, token, last: last?.id === id ? last : null };
  }

  get isWaiting() {
    return this.order?.status === 'payment_pending' || this.order?.status === 'pending';
  }

  /** Ask for the order; while its payment is on the way, ask again by and by. */
  async load() {
    clearTimeout(this.#timer);
    const { shop } = this;
    const { id, token } = this.which;
    this.isGone = !id || !token;
    if (!shop || this.isGone) return this.draw();
    this.error = null;
    await this.attempt(async () => this.take(await complete(shop.client).orders.get(id, token)), (error) => {
      this.isGone = error.status === 404;
      this.error = error;
    });
    if (!this.isGone && (this.error || this.isWaiting) && this.#tries++ < 60) {
      this.#timer = setTimeout(() => this.load(), Math.min(15_000, 1200 * 1.2 ** this.#tries));
    }
    this.draw();
  }

  /** @param {Order} order */
  take(order) {
    const { memory } = /** @type {import('../shop.js').Shop} */ (this.shop);
    if (this.order && this.order.status !== order.status) this.news = this.headline(order);
    this.order = order;
    if (order.payment_status !== 'paid') return;
    const { last } = this.which;
    if (last && !last.paid) memory.set('order', { ...last, paid: true });
    if (memory.get('purchase') === order.id) return;
    memory.set('purchase', order.id);
    /** @param {number} amount */
    const value = (amount) => Number(decimal(amount, order.currency));
    this.analyse('purchase', order.currency, order.total, order.items.map(analyticsItem), {
      transaction_id: order.number, shipping: value(order.shipping_total), tax: value(order.tax_total),
    });
  }

  /** Try to pay again, or go on with the payment that was begun. */
  async pay() {
    const { shop, order } = this;
    const { id, token, last } = this.which;
    if (!shop || !order || this.isPaying) return;
    this.isPaying = true;
    this.draw();
    const here = new URL(this.getAttribute('return-url') || location.href, document.baseURI);
    for (const name of ['payment_id', 'status']) here.searchParams.delete(name);
    here.searchParams.set('baas', 'order');
    const back = /^https?:$/.test(here.protocol) ? here.href : undefined;
    const provider = this.getAttribute('providers')?.match(/[\w-]+/)?.[0] ?? (shop.store?.mode === 'live' ? 'mercadopago' : 'sandbox');
    await this.attempt(async () => {
      const payment = await complete(shop.client).orders.pay(id, token, { provider, return_url: back });
      const url = payment.next_action?.type === 'redirect' ? payment.next_action.url : '';
      if (last) shop.memory.set('order', { ...last, url });
      openPayment(url, back);
      this.#tries = 0;
      this.load();
    }, (error) => this.announce(this.sorry(error)));
    this.isPaying = false;
    this.draw();
  }

  /** @param {Order} order */
  headline(order) {
    const { t } = this;
    if (order.status === 'payment_failed') return t('st_failed');
    if (order.status === 'cancelled' || order.status === 'returned') return t(`st_${order.status}`);
    if (order.status === 'payment_pending') return t('st_pending');
    return t('thanks');
  }

  view() {
    const { order, t } = this;
    if (this.isGone) return [h('p', { class: 'none' }, t('orderGone'))];
    if (!order) return [this.error ? failure(this, this.error, () => this.load()) : h('div', { class: 'wait', 'aria-busy': 'true' }, h('p', { class: 'bone' }, '\u00a0'), h('p', { class: 'bone tall' }, '\u00a0'))];
    const isFailed = order.status === 'payment_failed';
    const isOver = order.status === 'cancelled' || order.status === 'returned';
    const url = safeUrl(order.tracking?.url);
    // Whoever comes back from the provider has done their part; everybody else may go on paying.
    const mayPay = this.isWaiting && new URLSearchParams(location.search).get('baas') !== 'order';
    return [
      h('div', { class: 'order', part: 'order' },
        h('div', { class: 'top' },
          h('span', { class: `mark ${isFailed || isOver ? 'bad' : this.isWaiting ? 'wait' : ''}` }, isFailed || isOver ? icon('close') : this.isWaiting ? LOCK : CHECK),
          h(headingOf(this), { class: 'headline', part: 'headline' }, this.headline(order)),
          h('p', { class: 'muted' }, [t('order', { number: order.number }), order.email].filter(Boolean).join(' · '))
        ),
        this.error && failure(this, this.error, () => this.load()),
        this.isWaiting && h('p', { class: 'notice', part: 'notice', role: 'status' }, mayPay ? t('unpaid', { number: order.number }) : t('waiting')),
        (isFailed || mayPay) && h('button', { class: 'button wide', type: 'button', part: 'pay', 'aria-busy': this.isPaying && 'true', onclick: () => this.pay() }, t(this.isPaying ? 'placing' : isFailed ? 'payAgain' : 'openPayment')),
        !isOver && !isFailed && h('ol', { class: 'steps', role: 'list', part: 'steps' },
          STEPS.map(([name, statuses], index) => {
            const isDone = !index || statuses.includes(order.status);
            return h('li', { class: isDone ? 'done' : '', key: name, 'aria-current': isDone && (index === 3 || !STEPS[index + 1][1].includes(order.status)) && 'step' }, h('span', { class: 'pin' }, isDone && CHECK), t(name));
          })
        ),
        url && h('a', { class: 'button plain', href: url, target: '_blank', rel: 'noopener' }, t('track')),
        h('ul', { class: 'lines', role: 'list' },
          order.items.map((item) =>
            h('li', { key: item.id },
              h('div', { class: 'tile' }, picture(this, item.image_url, '', '4rem')),
              h('p', null, item.product_name, h('span', { class: 'muted small block' }, [item.variant_name, `×\u00a0${item.quantity}`].filter(Boolean).join(' · '))),
              h('p', { class: 'price' }, this.money(item.total, order.currency))
            )
          )
        ),
        totals(this, order),
        order.shipping_address && this.address(order.shipping_address)
      ),
    ];
  }

  /** @param {import('../types.js').Address} address */
  address(address) {
    const lines = [address.name, address.line1, address.line2, [address.postal_code, address.city].filter(Boolean).join(' '), address.region];
    return h('div', { class: 'address', part: 'address' }, h(headingOf(this, 1), { class: 'subtitle' }, this.t('delivery')), lines.filter(Boolean).map((line) => h('p', { class: 'muted' }, line)));
  }
}
