/** The storefront API as functions: what a first sight of a shop needs. `client.js` adds the rest. */

import { ApiError, checkKey, SetupError } from './errors.js';

/**
 * @typedef {import('./types.js').Store} Store
 * @typedef {import('./types.js').Product} Product
 * @typedef {import('./types.js').Category} Category
 * @typedef {import('./types.js').Cart} Cart
 */

/**
 * @typedef {object} ClientOptions
 * @property {string} key the store's publishable key
 * @property {string} api the address of the API, such as `https://api.example/api/v1`
 * @property {number} [timeout] milliseconds that one try may take (10 s)
 * @property {number} [retries] tries after the first one when something was away (2)
 * @property {typeof fetch} [fetch]
 *
 * @typedef {ReturnType<typeof createBase>} Base
 */

/** A random name for a request, so that sending it twice has one effect. Also works outside secure contexts. */
function requestName() {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join('');
}

/** @param {unknown} value */
const segment = (value) => encodeURIComponent(String(value));

/**
 * What every page needs of a client of one store. Throws SetupError for a secret key or without an address.
 *
 * @param {ClientOptions} options
 */
export function createBase({ key, api, timeout = 10_000, retries = 2, fetch: ask = (...args) => fetch(...args) }) {
  const checkedKey = checkKey(key);
  if (!/^https?:\/\//.test(api ?? '')) {
    throw new SetupError('Give the address of the API: api="https://…/api/v1".');
  }
  const base = api.replace(/\/+$/, '');

  /**
   * One try. Throws ApiError.
   *
   * @param {string} url
   * @param {RequestInit} init
   */
  async function once(url, init) {
    const clock = AbortSignal.timeout(timeout);
    let response, body;
    try {
      response = await ask(url, { ...init, signal: init.signal ? AbortSignal.any([init.signal, clock]) : clock });
      body = await response.json();
    } catch (error) {
      if (init.signal?.aborted) throw error;
      if (clock.aborted) throw new ApiError('timeout', 'No answer in time.');
      if (!response) throw new ApiError('offline', 'The API cannot be reached.');
      throw new ApiError('unavailable', 'Not an answer of the API.', { status: response.status });
    }
    if (response.ok && body?.success) return body;
    const refusal = body?.error ?? {};
    throw new ApiError(refusal.code ?? 'internal_error', refusal.message ?? response.statusText, {
      status: response.status,
      details: refusal.details ?? {},
      requestId: body?.meta?.request_id ?? null,
      retryAfter: Number(response.headers.get('retry-after')) || 0,
    });
  }

  /**
   * A request with its retries, all under one idempotency key.
   *
   * @param {string} method
   * @param {string} path
   * @param {{query?: Record<string, unknown>, body?: unknown, signal?: AbortSignal, idempotencyKey?: string}} [more]
   * @returns {Promise<any>}
   */
  async function request(method, path, { query, body, signal, idempotencyKey } = {}) {
    const url = new URL(base + path);
    for (const [name, value] of Object.entries(query ?? {})) {
      if (value !== undefined && value !== null && value !== '') url.searchParams.set(name, String(value));
    }
    /** @type {Record<string, string>} */
    const headers = { 'X-API-KEY': checkedKey };
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    if (method === 'POST') headers['Idempotency-Key'] = idempotencyKey ?? requestName();
    /** @type {RequestInit} */
    const init = { method, headers, credentials: 'omit', signal, body: body === undefined ? undefined : JSON.stringify(body) };
    for (let tries = 0; ; tries++) {
      try {
        return await once(url.href, init);
      } catch (error) {
        if (!(error instanceof ApiError) || tries >= retries) throw error;
        const again = error.isOutage || error.code === 'idempotency_in_progress';
        if (!again || error.retryAfter > 10 || globalThis.navigator?.onLine === false) throw error;
        const pause = error.retryAfter ? error.retryAfter * 1000 : 250 * 2 ** tries * (0.5 + Math.random());
        await new Promise((wake) => setTimeout(wake, pause));
      }
    }
  }

  /** @param {string} id */
  const cart = (id) => `/storefront/carts/${segment(id)}`;
  /** @param {string} id @param {string} item */
  const line = (id, item) => `${cart(id)}/items/${segment(item)}`;
  /** @param {Promise<any>} answer */
  const data = async (answer) => (await answer).data;

  return {
    api: base,
    key: checkedKey,
    request,
    /** @returns {Promise<Store>} */
    store: () => data(request('GET', '/storefront/store')),
    products: {
      /**
       * @param {import('./types.js').ProductQuery} [query]
       * @param {AbortSignal} [signal]
       * @returns {Promise<import('./types.js').Page<Product>>}
       */
      async list(query = {}, signal) {
        const answer = await request('GET', '/storefront/products', { query: { ...query }, signal });
        const { next_cursor: nextCursor = null, total = null } = answer.pagination ?? {};
        return { items: answer.data, nextCursor, total };
      },
      /** By handle or id. @param {string} ref @returns {Promise<Product>} */
      get: (ref) => data(request('GET', `/storefront/products/${segment(ref)}`)),
    },
    categories: {
      /** The tree of categories. @returns {Promise<Category[]>} */
      tree: () => data(request('GET', '/storefront/categories')),
    },
    carts: {
      /** @param {{items?: {variant_id: string, quantity: number}[], email?: string}} [body] @returns {Promise<Cart>} */
      create: (body = {}) => data(request('POST', '/storefront/carts', { body })),
      /** @param {string} id @returns {Promise<Cart>} */
      get: (id) => data(request('GET', cart(id))),
      /** @param {string} id @param {import('./types.js').CartPatch} body @returns {Promise<Cart>} */
      update: (id, body) => data(request('PATCH', cart(id), { body })),
      /** @param {string} id @param {{variant_id: string, quantity: number}} body @returns {Promise<Cart>} */
      addItem: (id, body) => data(request('POST', `${cart(id)}/items`, { body })),
      /** 0 removes. @param {string} id @param {string} item @param {number} quantity @returns {Promise<Cart>} */
      setItem: (id, item, quantity) => data(request('PATCH', line(id, item), { body: { quantity } })),
    },
  };
}
