/** One store as this page knows it: client, memory and cart, shared by all elements with the same key and API. */

import { createBase } from './client-base.js';
import { CartStore } from './cart-store.js';
import { ApiError } from './errors.js';
import { Memory } from './storage.js';

/** How long a list that is known may keep waiting for a fresh one, in milliseconds. */
const PATIENCE = 3000;

/**
 * @template T
 * @typedef {(value: T, staleSince: number | null, isSlow: boolean) => void} Show
 */

export class Shop {
  /** @param {string} api @param {string} key */
  constructor(api, key) {
    this.client = createBase({ api, key });
    this.api = this.client.api;
    this.memory = new Memory(this.api, this.client.key);
    this.cart = new CartStore(this.client, this.memory);
    /** @param {CartStore} store */
    const lines = (store) => JSON.stringify(store.cart?.items ?? []);
    let last = lines(this.cart);
    this.cart.addEventListener('change', () => {
      if (last === (last = lines(this.cart))) return;
      const { cart, count } = this.cart;
      document.dispatchEvent(new CustomEvent('baas:cart-changed', { bubbles: true, detail: { cart, count, key } }));
    });
    /** @type {import('./types.js').Store | null} */
    this.store = this.memory.get('store')?.value ?? null;
    /** @type {Promise<import('./types.js').Store> | null} */
    this.asked = null;
  }

  /** The store's name, currency and so on; what was known before when it cannot be asked. Throws ApiError. */
  info() {
    this.asked ??= this.client.store().then(
      (store) => {
        this.memory.set('store', { value: store });
        return (this.store = store);
      },
      (error) => {
        this.asked = null;
        if (this.store && error.isOutage) return this.store;
        throw error;
      }
    );
    return this.asked;
  }

  /**
   * Show something that can be fetched. When the server is slow or away, what was known before is shown with its
   * time, and the fresh one replaces it as soon as it is there. Throws what the fetching threw if nothing was known.
   *
   * @template T
   * @param {string} name
   * @param {() => Promise<T>} fetch
   * @param {Show<T>} show
   */
  async recall(name, fetch, show) {
    /** @type {{value: T, at: number} | null} */
    const known = this.memory.get(name);
    const timer = known && setTimeout(() => show(known.value, known.at, true), PATIENCE);
    try {
      const value = await fetch();
      if (timer) clearTimeout(timer);
      this.memory.keep(name, value);
      show(value, null, false);
    } catch (error) {
      if (timer) clearTimeout(timer);
      if (!known || !(error instanceof ApiError) || !error.isOutage) throw error;
      show(known.value, known.at, false);
    }
  }

  /**
   * The address of an image, which may be relative to the API's own.
   *
   * @param {string | null | undefined} url
   */
  image(url) {
    try {
      const absolute = new URL(url ?? '', this.api);
      return url && /^https?:$/.test(absolute.protocol) ? absolute.href : '';
    } catch {
      return '';
    }
  }
}

/** @type {Map<string, Shop>} */
const shops = new Map();

/**
 * The shop of an address and a key. Throws SetupError.
 *
 * @param {string} api
 * @param {string} key
 */
export function shopOf(api, key) {
  const name = `${api} ${key}`;
  let shop = shops.get(name);
  if (!shop) shops.set(name, (shop = new Shop(api, key)));
  return shop;
}
