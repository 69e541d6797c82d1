/** `<baas-products layout="grid|list|carousel" category q sort limit controls product-url>` */

import { h, words } from '../dom.js';
import { BaasElement } from '../element.js';
import { icon } from '../icons.js';
import { addToCart } from '../add.js';
import { load } from '../load.js';
import { failure, picture, priceOf, staleNotice } from '../parts.js';
import { productsCss } from '../styles/products.css.js';

/**
 * @typedef {import('../types.js').Product} Product
 * @typedef {import('../types.js').Category} Category
 * @typedef {import('../types.js').Page<Product>} ProductPage
 */

const SORTS = /** @type {const} */ ([['-created_at', 'sortNew'], ['price', 'sortPrice'], ['-price', 'sortPriceDown'], ['name', 'sortName']]);

export class BaasProducts extends BaasElement {
  static observedAttributes = [...BaasElement.attributes, 'layout', 'category', 'q', 'sort', 'limit', 'controls', 'product-url'];
  static css = productsCss;

  /** @type {Product[] | null} */
  items = null;
  /** @type {string | null} */
  next = null;
  isLoading = false;
  isSlow = false;
  /** @type {number | null} */
  staleSince = null;
  /** @type {import('../errors.js').ApiError | null} */
  error = null;
  /** Null until they are known: their row keeps its place. @type {Category[] | null} */
  categories = null;
  /** What the shopper chose in the controls. @type {{q?: string, category?: string, sort?: string}} */
  chosen = {};
  /** The product in the dialog. @type {Product | null} */
  shown = null;
  /** What is being added. */
  adding = '';
  #asked = 0;

  /** @param {import('../shop.js').Shop} shop */
  start(shop) {
    this.items = null;
    this.load();
    if (this.hasAttribute('controls')) {
      this.attempt(() => shop.recall('categories', () => shop.client.categories.tree(), (tree) => {
        this.categories = tree;
        this.draw();
      }));
    }
    this.listen(window, 'online', () => this.staleSince && this.load());
  }

  get layout() {
    const layout = this.getAttribute('layout') ?? '';
    return layout === 'list' || layout === 'carousel' ? layout : 'grid';
  }

  get limit() {
    return Math.min(100, Math.max(1, Number(this.getAttribute('limit')) || 12));
  }

  /** @returns {import('../types.js').ProductQuery} */
  get query() {
    /** @param {'q' | 'category' | 'sort'} name */
    const value = (name) => this.chosen[name] ?? this.getAttribute(name) ?? '';
    return { q: value('q').trim(), category: value('category'), sort: value('sort'), limit: this.limit };
  }

  /** Show the first page of what is asked for. */
  async load() {
    const { shop } = this;
    if (!shop) return;
    const { query } = this;
    const asked = ++this.#asked;
    this.isLoading = true;
    this.error = null;
    this.draw();
    await this.attempt(
      () => shop.recall(`products:${JSON.stringify(query)}`, () => shop.client.products.list(query), (page, since, isSlow) => {
        if (asked !== this.#asked) return;
        this.items = page.items;
        this.next = page.nextCursor;
        this.staleSince = since;
        this.isSlow = isSlow;
        if (!page.items.length) this.news = this.t('none');
        this.draw();
      }),
      (error) => {
        if (asked === this.#asked) this.error = error;
      }
    );
    if (asked === this.#asked) this.isLoading = false;
    this.draw();
  }

  /** Show the next page below the first. */
  async more() {
    const { shop, next } = this;
    if (!shop || !next || this.isLoading) return;
    const asked = this.#asked;
    const before = this.items?.length ?? 0;
    this.isLoading = true;
    this.draw();
    await this.attempt(async () => {
      const page = await shop.client.products.list({ ...this.query, cursor: next });
      if (asked !== this.#asked) return;
      this.items = [...(this.items ?? []), ...page.items];
      this.next = page.nextCursor;
    }, (error) => this.announce(this.sorry(error)));
    this.isLoading = false;
    this.draw();
    queueMicrotask(() => /** @type {HTMLElement | undefined} */ (this.root.querySelectorAll('.card .name')[before])?.focus());
  }

  /** @param {{q?: string, category?: string, sort?: string}} change */
  choose(change) {
    this.chosen = { ...this.chosen, ...change };
    this.load();
  }

  view() {
    const { layout } = this;
    const waits = !this.items && !this.error;
    const items = this.items ?? [];
    return [
      this.hasAttribute('controls') && this.controls(),
      staleNotice(this, this.staleSince, this.isSlow, () => this.load()),
      this.error && failure(this, this.error, () => this.load()),
      layout === 'carousel' && items.length > 0 && this.arrows(),
      h('ul', { class: `items ${layout}${this.isLoading && items.length ? ' busy' : ''}`, part: 'list', role: 'list', 'aria-busy': this.isLoading && 'true', 'aria-label': this.t('products') },
        waits ? Array.from({ length: this.limit }, (_, index) => this.skeleton(index)) : items.map((product, index) => this.card(product, index))
      ),
      this.items && !items.length && h('div', { class: 'none', part: 'empty' },
        h('p', { class: 'lead' }, this.t('none')),
        h('p', { class: 'muted' }, this.t('noneHint')),
        (this.chosen.q || this.chosen.category) && h('button', { class: 'button plain', type: 'button', onclick: () => this.all() }, this.t('showAll'))
      ),
      this.next && layout !== 'carousel' && h('p', { class: 'after' },
        h('button', { class: 'button plain', type: 'button', part: 'more', onclick: () => this.more() }, this.t(this.isLoading ? 'loading' : 'more'))
      ),
      this.shown && h('baas-quick-view', { key: 'shown', handle: this.shown.handle, onclose: () => {
        this.shown = null;
        this.draw();
      } }),
    ];
  }

  /** Take back what was searched and chosen. */
  all() {
    const field = this.$('.search input');
    field.value = '';
    field.focus();
    this.choose({ q: '', category: '' });
  }

  controls() {
    const { query, t } = this;
    return h('div', { class: 'controls', part: 'controls', key: 'controls' },
      h('form', { class: 'search', role: 'search', onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        this.choose({ q: this.$('.search input').value });
      } },
        icon('search'),
        h('input', { class: 'input', type: 'search', part: 'search', 'aria-label': t('search'), placeholder: t('search'), maxlength: 200,
          oninput: () => {
            clearTimeout(this.#typing);
            this.#typing = setTimeout(() => this.choose({ q: this.$('.search input').value }), 300);
          } })
      ),
      h('span', { class: 'pick' },
        h('select', { class: 'input sort', part: 'sort', 'aria-label': t('sort'), value: query.sort || '-created_at', onchange: (/** @type {any} */ event) => this.choose({ sort: event.target.value }) },
          SORTS.map(([value, name]) => h('option', { value }, t(name)))
        )
      ),
      this.categories?.length !== 0 && h('div', { class: 'chips', role: 'group', 'aria-label': t('allCategories') },
        [{ slug: '', name: t('all') }, ...(this.categories ?? [])].map(({ slug, name }) =>
          h('button', { key: `c:${slug}`, class: 'chip', type: 'button', part: 'category', 'aria-pressed': String(slug === query.category), onclick: () => this.choose({ category: slug }) }, name)
        )
      )
    );
  }

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #typing;

  arrows() {
    /** @param {number} by */
    const move = (by) => {
      const list = this.$('.items');
      list.scrollBy({ left: by * list.clientWidth * 0.85, behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' });
    };
    return h('div', { class: 'arrows', part: 'arrows' },
      h('button', { class: 'icon', type: 'button', 'aria-label': this.t('previous'), onclick: () => move(-1) }, icon('left')),
      h('button', { class: 'icon', type: 'button', 'aria-label': this.t('next'), onclick: () => move(1) }, icon('right'))
    );
  }

  /** @param {number} index */
  skeleton(index) {
    return h('li', { class: 'card', key: `s:${index}`, 'aria-hidden': 'true' },
      h('div', { class: 'tile wait' }),
      h('div', { class: 'about' },
        h('p', { class: 'title' }, h('span', { class: 'bone' }, '\u00a0')),
        h('p', { class: 'vendor' }, h('span', { class: 'bone half' }, '\u00a0')),
        h('p', { class: 'price' }, h('span', { class: 'bone third' }, '\u00a0'))
      )
    );
  }

  /** @param {Product} product @param {number} index */
  card(product, index) {
    const { t } = this;
    const image = product.images[0];
    const cheapest = product.variants.find((variant) => variant.price === product.price_range.min);
    const was = cheapest?.compare_at_price ?? null;
    const hasChoice = product.variants.length > 1;
    const address = this.addressOf(product);
    const isList = this.layout === 'list';
    const sizes = isList ? '10rem' : '(max-width: 34rem) 45vw, (max-width: 60rem) 30vw, 18rem';
    const off = was && cheapest && was > cheapest.price ? Math.round((1 - cheapest.price / was) * 100) : 0;
    return h('li', { class: 'card', part: 'card', key: product.id, ...(product.in_stock ? {} : { 'sold-out': true }) },
      h('div', { class: 'tile', part: 'tile' },
        picture(this, image?.url, '', sizes, { loading: index < 4 ? 'eager' : 'lazy' }),
        !product.in_stock ? h('span', { class: 'badge', part: 'badge' }, t('soldOut')) : off > 0 && h('span', { class: 'badge sale', part: 'badge' }, `−${off}%`)
      ),
      h('div', { class: 'about' },
        h('h2', { class: 'title', part: 'name' },
          address
            ? h('a', { class: 'name', href: address }, product.name)
            : h('button', { class: 'name', type: 'button', 'aria-haspopup': 'dialog', onclick: () => this.show(product) }, product.name)
        ),
        h('p', { class: 'vendor muted small', part: 'vendor' }, product.vendor || '\u00a0'),
        isList && h('p', { class: 'words muted', part: 'description' }, words(product.description).slice(0, 240)),
        priceOf(this, product.price_range.min, product.currency, was, product.price_range.max > product.price_range.min)
      ),
      product.in_stock && h('button', { class: `add${this.adding === product.id ? ' busy' : ''}`, type: 'button', part: 'add',
        'aria-label': t(hasChoice ? 'chooseName' : 'addName', { name: product.name }),
        'aria-haspopup': hasChoice && 'dialog', 'aria-busy': this.adding === product.id && 'true',
        onclick: () => (hasChoice ? this.show(product) : this.add(product)) }, icon('plus'))
    );
  }

  /** Where a product has its own page, if the shop has such pages. @param {Product} product */
  addressOf(product) {
    return this.getAttribute('product-url')?.replace('{handle}', encodeURIComponent(product.handle)).replace('{id}', product.id) ?? '';
  }

  /** @param {Product} product */
  async add(product) {
    if (this.adding) return;
    this.adding = product.id;
    this.draw();
    await addToCart(this, product, product.variants[0], 1);
    this.adding = '';
    this.draw();
  }

  /** Show a product in the dialog. @param {Product} product */
  show(product) {
    this.shown = product;
    load('late');
    this.draw();
  }
}
