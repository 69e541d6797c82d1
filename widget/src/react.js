/** Thin React components over the elements and the cart. Import `@baas/widget` once beside them to register the elements. */

import { createContext, createElement, useContext, useEffect, useLayoutEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import { ApiError } from './errors.js';
import { shopOf } from './shop.js';

/**
 * @typedef {import('./types.js').Cart} Cart
 * @typedef {import('./types.js').Product} Product
 * @typedef {import('./shop.js').Shop} Shop
 * @typedef {object} ShopSettings
 * @property {string} shopKey the publishable key (`key` means something else to React)
 * @property {string} api such as `https://api.example/api/v1`
 * @property {string} [locale]
 * @property {'light' | 'dark' | 'auto' | 'custom'} [theme]
 */

const Settings = createContext(/** @type {{shop: Shop, settings: ShopSettings} | null} */ (null));

/**
 * The shop that everything inside belongs to.
 *
 * @param {ShopSettings & {children?: import('react').ReactNode}} props
 */
export function BaasProvider({ children, shopKey, api, locale, theme }) {
  const value = useMemo(() => ({ shop: shopOf(api, shopKey), settings: { shopKey, api, locale, theme } }), [shopKey, api, locale, theme]);
  return createElement(Settings.Provider, { value }, children);
}

function useSettings() {
  const value = useContext(Settings);
  if (!value) throw new Error('Use this inside of <BaasProvider>.');
  return value;
}

/** The client of the shop, for what the hooks do not cover. */
export const useShop = () => useSettings().shop.client;

/**
 * The cart: the same one as in the elements, in other tabs, and after a reload.
 *
 * @returns {{cart: Cart | null, count: number, busy: boolean, staleSince: number | null, add: (variantId: string, quantity?: number) => Promise<Cart>, setQuantity: (itemId: string, quantity: number) => Promise<void>, refresh: () => Promise<void>}}
 */
export function useCart() {
  const { cart: store } = useSettings().shop;
  const version = useRef(0);
  useSyncExternalStore(
    (changed) => {
      const heard = () => {
        version.current++;
        changed();
      };
      store.addEventListener('change', heard);
      store.load();
      return () => store.removeEventListener('change', heard);
    },
    () => version.current,
    () => 0
  );
  return {
    cart: store.cart,
    count: store.count,
    busy: store.busy > 0,
    staleSince: store.staleSince,
    add: (variantId, quantity = 1) => store.add(variantId, quantity),
    setQuantity: (itemId, quantity) => store.choose(itemId, quantity),
    refresh: () => store.refresh(),
  };
}

/**
 * The first page of a list of products. With the API down it is the last one known, and `staleSince` says of when.
 *
 * @param {import('./types.js').ProductQuery} [query]
 * @returns {{products: Product[], nextCursor: string | null, isLoading: boolean, staleSince: number | null, error: ApiError | null}}
 */
export function useProducts(query = {}) {
  const { shop } = useSettings();
  const name = JSON.stringify(query);
  const [state, setState] = useState({
    products: /** @type {Product[]} */ ([]),
    nextCursor: /** @type {string | null} */ (null),
    isLoading: true,
    staleSince: /** @type {number | null} */ (null),
    error: /** @type {ApiError | null} */ (null),
  });
  useEffect(() => {
    let isCurrent = true;
    setState((before) => ({ ...before, isLoading: true, error: null }));
    shop
      .recall(`products:${name}`, () => shop.client.products.list(JSON.parse(name)), ({ items, nextCursor }, staleSince) => {
        if (isCurrent) setState({ products: items, nextCursor, isLoading: false, staleSince, error: null });
      })
      .catch((error) => {
        if (!(error instanceof ApiError)) throw error;
        if (isCurrent) setState((before) => ({ ...before, isLoading: false, error }));
      });
    return () => {
      isCurrent = false;
    };
  }, [shop, name]);
  return state;
}

/**
 * An element as a component: properties become attributes, `onAdded` and the like hear `baas:added` and the like.
 *
 * The element is made here and not by React, which would set some attributes as properties, and the key never.
 *
 * @param {string} tag
 */
function wrapped(tag) {
  /** @param {Record<string, any>} props */
  function Component(props) {
    const { shopKey: key, api, locale, theme } = useSettings().settings;
    const place = useRef(/** @type {HTMLElement | null} */ (null));
    const element = useRef(/** @type {HTMLElement | null} */ (null));
    const attributes = Object.entries({ key, api, locale, theme, ...props }).filter(([name]) => !isHandler(name));
    const text = JSON.stringify(attributes);
    useLayoutEffect(() => {
      element.current ??= document.createElement(tag);
      for (const [name, value] of /** @type {[string, unknown][]} */ (JSON.parse(text))) {
        const attribute = name.replace(/[A-Z]/g, '-$&').toLowerCase();
        if (value === null || value === false) element.current.removeAttribute(attribute);
        else element.current.setAttribute(attribute, value === true ? '' : String(value));
      }
      if (!element.current.isConnected) place.current?.append(element.current);
    }, [text]);
    useEffect(() => {
      const life = new AbortController();
      for (const [name, handler] of Object.entries(props)) {
        const type = name.slice(2).replace(/(?!^)[A-Z]/g, '-$&').toLowerCase();
        if (isHandler(name)) element.current?.addEventListener(`baas:${type}`, handler, { signal: life.signal });
      }
      return () => life.abort();
    });
    return createElement('div', { ref: place, style: { display: 'contents' } });
  }
  Component.displayName = tag.replace(/(^|-)(\w)/g, (_, __, letter) => letter.toUpperCase());
  return Component;
}

/** @param {string} name */
const isHandler = (name) => /^on[A-Z]/.test(name);

export const BaasProducts = wrapped('baas-products');
export const BaasProduct = wrapped('baas-product');
export const BaasBuyButton = wrapped('baas-buy-button');
export const BaasCart = wrapped('baas-cart');
export const BaasCheckout = wrapped('baas-checkout');
export const BaasOrderStatus = wrapped('baas-order-status');
