/** What a page in TypeScript writes; compiled by `npm run check`, never run. */

import { createClient, ApiError, type Cart, type Product } from '@baas/widget/client';
import { Baas, type MountOptions } from '@baas/widget';
import { BaasProvider, useCart, useProducts } from '@baas/widget/react';

const shop = createClient({ key: 'pk_test_x', api: 'https://api.example/api/v1' });

export async function buy(handle: string): Promise<string | null> {
  const product: Product = await shop.products.get(handle);
  const { items, nextCursor } = await shop.products.list({ category: 'mate', sort: '-price', limit: 10 });
  const next: string | null = nextCursor;
  let cart: Cart = await shop.carts.create({ items: [{ variant_id: product.variants[0].id, quantity: items.length }] });
  try {
    cart = await shop.carts.update(cart.id, { email: 'ana@example.com' });
    const { payment } = await shop.carts.checkout(cart.id, { provider: 'sandbox', expected_total: cart.total });
    if (payment?.next_action?.type === 'redirect') return payment.next_action.url;
  } catch (error) {
    if (error instanceof ApiError && error.code === 'price_changed') return next;
    throw error;
  }
  // @ts-expect-error amounts are numbers
  const wrong: string = cart.total;
  // @ts-expect-error a checkout needs a provider
  await shop.carts.checkout(cart.id, {});
  return wrong;
}

const options: MountOptions = { key: 'pk_test_x', container: '#shop', layout: 'carousel', theme: 'auto' };
export const mounted = Baas.mount(options).update({ limit: 4 });
// @ts-expect-error there is no such layout
Baas.mount({ ...options, layout: 'masonry' });

export function useEverything() {
  const { products, isLoading } = useProducts({ q: 'mate' });
  const { cart, count, add } = useCart();
  return { names: products.map(({ name }) => name), isLoading, total: cart?.total ?? 0, count, add, BaasProvider };
}
