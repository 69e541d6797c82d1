/** Adding to the cart, the same from everywhere: ask the page, ask the server, tell the page, open the drawer. */

import { setting } from './config.js';

/**
 * Add a variant. Answers a text for the shopper when it did not work, else an empty one.
 *
 * @param {import('./element.js').BaasElement} element
 * @param {import('./types.js').Product} product
 * @param {import('./types.js').Variant} variant
 * @param {number} quantity
 * @returns {Promise<string>}
 */
export async function addToCart(element, product, variant, quantity) {
  const { shop } = element;
  if (!shop || !element.emit('before-add', { product, variant, quantity }, true)) return '';
  let sorry = '';
  const isAdded = await element.attempt(
    () => shop.cart.add(variant.id, quantity),
    (error) => (sorry = element.sorry(error))
  );
  if (!isAdded) {
    element.announce(sorry);
    return sorry;
  }
  element.announce(element.t('added', { name: product.name }));
  element.emit('added', { product, variant, quantity, cart: shop.cart.cart });
  element.analyse('add_to_cart', product.currency, variant.price * quantity, [
    {
      item_id: variant.sku || variant.id,
      item_name: product.name,
      item_variant: variant.name || undefined,
      price: variant.price,
      quantity,
    },
  ]);
  drawerOf(element)?.open();
  return '';
}

/** @typedef {HTMLElement & {shop: unknown, open: () => void}} Drawer */

/**
 * The cart of the same shop on this page. A page that has none gets one that floats in the corner.
 *
 * @param {import('./element.js').BaasElement} element
 * @returns {Drawer | null}
 */
export function drawerOf(element) {
  const drawers = /** @type {NodeListOf<Drawer>} */ (document.querySelectorAll('baas-cart'));
  for (const drawer of drawers) if (drawer.shop === element.shop) return drawer.hasAttribute('quiet') ? null : drawer;
  const drawer = /** @type {Drawer} */ (document.createElement('baas-cart'));
  for (const name of ['key', 'api', 'locale', 'theme', 'styles']) {
    const value = setting(element, name);
    if (value) drawer.setAttribute(name, value);
  }
  drawer.setAttribute('floating', '');
  document.body.append(drawer);
  return drawer;
}
