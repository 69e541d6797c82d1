/** What all elements have in common: settings, texts, a shadow root that is drawn again after changes, events. */

import { setting } from './config.js';
import { h, render } from './dom.js';
import { ApiError, checkKey, SetupError } from './errors.js';
import { load } from './load.js';
import { decimal, money } from './money.js';
import { shopOf } from './shop.js';
import { baseCss } from './styles/base.css.js';
import { arrivals, languageOf, translator } from './texts.js';

/** @typedef {import('./dom.js').Kid} Kid */

/** @type {Map<string, CSSStyleSheet>} */
const sheets = new Map();

/** A style sheet of these rules, made once. Constructed sheets need no `unsafe-inline`. @param {string} css */
export function sheetOf(css) {
  let sheet = sheets.get(css);
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    sheets.set(css, sheet);
  }
  return sheet;
}

export class BaasElement extends HTMLElement {
  static attributes = ['key', 'api', 'locale', 'theme'];
  static css = '';

  /** @type {import('./shop.js').Shop | null} */
  shop = null;
  /** Ends with the element's time in the document. */
  life = new AbortController();
  /** What the page's builder did wrong. @type {string} */
  problem = '';
  /** Said to screen readers and shown for a moment. */
  news = '';
  locale = 'en';
  t = translator('en');
  #drawing = false;
  #isBeginning = false;

  constructor() {
    super();
    this.root = this.attachShadow({ mode: 'open' });
  }

  connectedCallback() {
    this.begin();
  }

  disconnectedCallback() {
    this.life.abort();
    this.shop = null;
  }

  attributeChangedCallback() {
    // Not before the element began.
    if (this.shop || this.problem) this.refresh();
  }

  /** Begin again with the settings of now, once for all that change together. */
  refresh() {
    if (this.#isBeginning) return;
    this.#isBeginning = true;
    queueMicrotask(() => {
      this.#isBeginning = false;
      if (this.isConnected) this.begin();
    });
  }

  /** Take the settings and start anew. */
  begin() {
    this.life.abort();
    this.life = new AbortController();
    this.problem = '';
    const { css } = /** @type {typeof BaasElement} */ (this.constructor);
    this.root.adoptedStyleSheets = [baseCss, css, setting(this, 'styles')].filter(Boolean).map(sheetOf);
    try {
      this.shop = shopOf(setting(this, 'api'), checkKey(setting(this, 'key')));
      this.speak();
      for (const source of [this.shop.cart, arrivals]) this.listen(source, 'change', () => this.draw());
      this.attempt(async () => {
        await this.shop?.info();
        this.speak();
        this.draw();
      });
      this.start(this.shop);
    } catch (error) {
      this.setupProblem(error);
    }
    this.draw();
  }

  /** What the element does with a shop; asynchronous work goes through `attempt`. @param {import('./shop.js').Shop} _shop */
  start(_shop) {}

  /** What to show. @returns {Kid[]} */
  view() {
    return [];
  }

  /** Choose the language: the element's, the page's, the store's. */
  speak() {
    const store = this.shop?.store?.locale ?? '';
    const own = setting(this, 'locale') || document.documentElement.lang || store || 'en';
    // A page that only says "es" gets the numbers of the store's own Spanish.
    this.locale = !own.includes('-') && store.startsWith(own) ? store : own;
    try {
      Intl.getCanonicalLocales(this.locale);
    } catch {
      this.locale = 'en';
    }
    const language = languageOf(this.locale);
    load(language);
    this.t = translator(language);
  }

  /** @param {number} amount @param {string} currency */
  money(amount, currency) {
    return money(amount, currency, this.locale);
  }

  /** @param {number} at */
  time(at) {
    return new Intl.DateTimeFormat(this.locale, { timeStyle: 'short' }).format(at);
  }

  /** Draw soon, once, however many changes there are. */
  draw() {
    if (this.#drawing) return;
    this.#drawing = true;
    queueMicrotask(() => {
      this.#drawing = false;
      if (!this.isConnected) return;
      const theme = setting(this, 'theme') || 'light';
      const body = this.problem ? [h('p', { class: 'problem', role: 'alert' }, this.problem)] : this.view();
      render(this.root, [
        h('div', { class: `root ${theme}`, part: 'root', lang: this.locale },
          ...body,
          h('p', { class: 'hidden', role: 'status' }, this.news)
        ),
      ]);
      this.drawn();
    });
  }

  /** Called after each drawing. */
  drawn() {}

  /**
   * Listen as long as the element lives in the document.
   *
   * @param {EventTarget} target
   * @param {string} type
   * @param {(event: any) => void} handler
   */
  listen(target, type, handler) {
    target.addEventListener(type, handler, { signal: this.life.signal });
  }

  /**
   * Tell the page. Answers false when it prevented what was to come.
   *
   * @param {string} type
   * @param {Record<string, unknown>} detail
   * @param {boolean} [cancelable]
   */
  emit(type, detail, cancelable = false) {
    return this.dispatchEvent(new CustomEvent(`baas:${type}`, { detail, bubbles: true, composed: true, cancelable }));
  }

  /**
   * A GA4 e-commerce event for whoever listens; nothing is sent anywhere.
   *
   * @param {string} name
   * @param {string} currency
   * @param {number} value
   * @param {{price: number, [name: string]: unknown}[]} items with prices in the minor unit
   * @param {Record<string, unknown>} [more]
   */
  analyse(name, currency, value, items, more) {
    /** GA4 wants decimals. @param {number} amount */
    const number = (amount) => Number(decimal(amount, currency));
    this.emit('analytics', { name, params: { currency, value: number(value), items: items.map((item) => ({ ...item, price: number(item.price) })), ...more } });
  }

  /**
   * Do something that may fail, and answer whether it did not. The page hears `baas:error`.
   *
   * @param {() => Promise<unknown>} work
   * @param {(error: ApiError) => void} [otherwise]
   * @returns {Promise<boolean>}
   */
  async attempt(work, otherwise) {
    const { signal } = this.life;
    try {
      await work();
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      if (!(error instanceof ApiError)) {
        this.setupProblem(error);
        return false;
      }
      this.emit('error', { code: error.code, message: error.message, error });
      if (error.status === 401 || error.status === 403) {
        this.setupProblem(new SetupError(`${error.message} (${error.code}, ${location.origin})`));
      } else otherwise?.(error);
      this.draw();
      return false;
    }
  }

  /** @param {unknown} error */
  setupProblem(error) {
    if (!(error instanceof SetupError)) throw error;
    this.problem = error.message;
    console.error(`${this.localName}: ${error.message}`);
    this.emit('error', { code: 'setup', message: error.message, error });
    this.draw();
  }

  /** What to tell a shopper about a failure. @param {ApiError} error */
  sorry(error) {
    if (error.code === 'insufficient_stock') {
      const { available } = error.details;
      return available > 0 ? this.t('notEnough', { n: available }) : this.t('soldOut');
    }
    return error.isOutage ? this.t('offlineAct') : this.t('failed');
  }

  /** Say something to screen readers. @param {string} text */
  announce(text) {
    this.news = text;
    this.draw();
  }

  /** The first node of the shadow root that matches. @param {string} selector @returns {any} */
  $(selector) {
    return this.root.querySelector(selector);
  }
}
