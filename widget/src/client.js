/** The storefront API as functions, for pages with a design of their own. Runs in browsers and in Node 20. */

import { createBase } from './client-base.js';
import { ApiError, SetupError } from './errors.js';

export { ApiError, SetupError };
export * from './types.js';

/**
 * @typedef {import('./types.js').Cart} Cart
 * @typedef {import('./types.js').Order} Order
 * @typedef {import('./types.js').Payment} Payment
 * @typedef {import('./client-base.js').ClientOptions} ClientOptions
 * @typedef {ReturnType<typeof createClient>} Client
 */

/**
 * A client of one store. Throws SetupError for a secret key or without an address.
 *
 * @param {ClientOptions} options
 */
export const createClient = (options) => complete(createBase(options));

/**
 * A client with carts' later verbs and orders.
 *
 * @param {import('./client-base.js').Base} base
 */
export function complete(base) {
  /** @param {string} method @param {string} path @param {{query?: Record<string, unknown>, body?: unknown, idempotencyKey?: string}} [more] */
  const ask = async (method, path, more) => (await base.request(method, path, more)).data;
  /** @param {string} id */
  const cart = (id) => `/storefront/carts/${encodeURIComponent(id)}`;
  /** @param {string} id */
  const order = (id) => `/storefront/orders/${encodeURIComponent(id)}`;
  return {
    ...base,
    carts: {
      ...base.carts,
      /** @param {string} id @param {string} item @returns {Promise<Cart>} */
      removeItem: (id, item) => ask('DELETE', `${cart(id)}/items/${encodeURIComponent(item)}`),
      /** Take the lines of another cart into this one. @param {string} id @param {string} other @returns {Promise<Cart>} */
      merge: (id, other) => ask('POST', `${cart(id)}/merge`, { body: { cart_id: other } }),
      /**
       * Place the order. Give the same `idempotencyKey` again when you try again.
       *
       * @param {string} id
       * @param {import('./types.js').CheckoutRequest} body
       * @param {string} [idempotencyKey]
       * @returns {Promise<{order: Order, payment: Payment | null}>}
       */
      checkout: (id, body, idempotencyKey) => ask('POST', `${cart(id)}/checkout`, { body, idempotencyKey }),
    },
    orders: {
      /** @param {string} id @param {string} token @returns {Promise<Order>} */
      get: (id, token) => ask('GET', order(id), { query: { token } }),
      /** Try to pay again. @param {string} id @param {string} token @param {{provider: string, return_url?: string}} body @returns {Promise<Payment>} */
      pay: (id, token, body) => ask('POST', `${order(id)}/payments`, { query: { token }, body }),
    },
  };
}
