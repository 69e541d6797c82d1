/** The cart of one shop on this page: what the server last said of it, remembered over reloads and shared by tabs. */

import { ApiError } from './errors.js';

/** @typedef {import('./types.js').Cart} Cart */

const PAUSE = 220;

/** Whether an error says that the cart itself is gone: another one has to begin. @param {unknown} error */
function isGone(error) {
  if (!(error instanceof ApiError)) return false;
  return (error.status === 404 && 'cart_id' in error.details) || (error.code === 'conflict' && 'status' in error.details);
}

/** Emits `change` after everything that may look different. */
export class CartStore extends EventTarget {
  /** @type {Cart | null} */
  cart = null;
  /** When the server cannot be reached: the time of what is shown. @type {number | null} */
  staleSince = null;
  /** How many requests are on their way. */
  busy = 0;
  /** Quantities that the shopper chose and the server has not confirmed. @type {Map<string, number>} */
  wanted = new Map();
  /** @type {Promise<unknown>} */
  #last = Promise.resolve();
  /** @type {Map<string, ReturnType<typeof setTimeout>>} */
  #timers = new Map();
  /** @type {Promise<void> | null} */
  #loaded = null;

  /** @param {import('./client-base.js').Base} client @param {import('./storage.js').Memory} memory */
  constructor(client, memory) {
    super();
    this.client = client;
    this.memory = memory;
    this.cart = memory.get('cart')?.value ?? null;
    memory.addEventListener('cart', () => {
      // Another tab changed it: take over what it learnt.
      this.cart = memory.get('cart')?.value ?? null;
      this.#tell();
    });
  }

  /** Pieces in the cart, counting what was just chosen. */
  get count() {
    return this.cart?.items.reduce((sum, item) => sum + (this.wanted.get(item.id) ?? item.quantity), 0) ?? 0;
  }

  /** Ask the server for the cart as it is now, once for all who need it. */
  load() {
    this.#loaded ??= this.refresh();
    return this.#loaded;
  }

  /** Ask the server again; with the API down the last known cart stays. */
  async refresh() {
    const id = this.cart?.id;
    if (!id) return;
    try {
      await this.#turn(async () => this.#take(await this.client.carts.get(id)));
    } catch (error) {
      if (isGone(error)) this.forget();
      else {
        this.staleSince = this.memory.get('cart')?.at ?? Date.now();
        this.#tell();
      }
    }
  }

  /**
   * Add a variant; a cart is made when there is none. Throws ApiError.
   *
   * @param {string} variantId
   * @param {number} quantity
   * @returns {Promise<Cart>}
   */
  add(variantId, quantity) {
    const line = { variant_id: variantId, quantity };
    return this.#turn(async () => {
      if (this.cart) {
        try {
          return this.#take(await this.client.carts.addItem(this.cart.id, line));
        } catch (error) {
          if (!isGone(error)) throw error;
        }
      }
      return this.#take(await this.client.carts.create({ items: [line] }));
    });
  }

  /**
   * Choose a quantity; 0 removes. Quick changes of one line are sent as one. Throws ApiError.
   *
   * @param {string} itemId
   * @param {number} quantity
   * @returns {Promise<void>}
   */
  choose(itemId, quantity) {
    this.wanted.set(itemId, Math.max(0, quantity));
    clearTimeout(this.#timers.get(itemId));
    this.#tell();
    return new Promise((resolve, reject) => {
      const send = () => this.#send(itemId).then(resolve, reject);
      this.#timers.set(itemId, setTimeout(send, quantity > 0 ? PAUSE : 0));
    });
  }

  /** @param {string} itemId */
  async #send(itemId) {
    await this.#turn(async () => {
      const quantity = this.wanted.get(itemId);
      if (quantity === undefined || !this.cart) return;
      try {
        const cart = await this.client.carts.setItem(this.cart.id, itemId, quantity);
        if (this.wanted.get(itemId) === quantity) this.wanted.delete(itemId);
        this.#take(cart);
      } catch (error) {
        this.wanted.delete(itemId);
        throw error;
      }
    });
  }

  /**
   * Set the e-mail, addresses, the shipping method or codes. Throws ApiError.
   *
   * @param {import('./types.js').CartPatch} patch
   * @returns {Promise<Cart>}
   */
  update(patch) {
    return this.#turn(async () => {
      if (!this.cart) throw new ApiError('not_found', 'There is no cart.', { status: 404 });
      return this.#take(await this.client.carts.update(this.cart.id, patch));
    });
  }

  /** Begin anew: the cart became an order, or is gone. */
  forget() {
    this.cart = null;
    this.wanted.clear();
    this.memory.remove('cart');
    this.#tell();
  }

  /**
   * One change after the other, so that no answer overtakes another.
   *
   * @template T
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  async #turn(work) {
    this.busy++;
    const mine = this.#last.then(work, work);
    this.#last = mine.catch(() => undefined);
    this.#tell();
    try {
      return await mine;
    } catch (error) {
      if (isGone(error)) this.forget();
      throw error;
    } finally {
      this.busy--;
      this.#tell();
    }
  }

  /** @param {Cart} cart */
  #take(cart) {
    this.staleSince = null;
    if (cart.status !== 'active') {
      this.forget();
      return cart;
    }
    this.cart = cart;
    // Who somebody is and where they live stays with the server.
    const value = { ...cart, email: null, shipping_address: null, billing_address: null };
    this.memory.set('cart', { value, at: Date.now() });
    return cart;
  }

  #tell() {
    this.dispatchEvent(new CustomEvent('change'));
  }
}
