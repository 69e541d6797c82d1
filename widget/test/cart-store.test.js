import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { CartStore } from '../src/cart-store.js';
import { ApiError } from '../src/errors.js';
import { Memory } from '../src/storage.js';

const cartOf = (quantity, more = {}) => ({ id: 'cart_1', status: 'active', currency: 'ARS', items: [{ id: 'item_1', quantity, unit_price: 100 }], total: quantity * 100, email: 'ana@example.com', shipping_address: { name: 'Ana' }, ...more });
const gone = () => new ApiError('not_found', 'gone', { status: 404, details: { cart_id: 'cart_1' } });

beforeEach(() => {
  const kept = new Map();
  globalThis.localStorage = { getItem: (name) => kept.get(name) ?? null, setItem: (name, text) => kept.set(name, text), removeItem: (name) => kept.delete(name), kept };
});

const storeOf = (carts) => new CartStore({ carts }, new Memory('https://api.example', 'pk_test_x'));

test('quick changes of one line are sent as one, and shown at once', async () => {
  const sent = [];
  const store = storeOf({ create: async () => cartOf(1), setItem: async (_, __, quantity) => (sent.push(quantity), cartOf(quantity)) });
  await store.add('var_1', 1);
  store.choose('item_1', 2);
  store.choose('item_1', 3);
  const last = store.choose('item_1', 4);
  assert.equal(store.count, 4);
  await last;
  assert.deepEqual(sent, [4]);
  assert.equal(store.cart.items[0].quantity, 4);
});

test('a refused quantity goes back to what it was', async () => {
  const store = storeOf({ create: async () => cartOf(1), setItem: async () => { throw new ApiError('insufficient_stock', '', { status: 409 }); } });
  await store.add('var_1', 1);
  await assert.rejects(store.choose('item_1', 9), /ApiError/);
  assert.equal(store.count, 1);
});

test('a cart that is gone gives way to a new one without the shopper noticing', async () => {
  const store = storeOf({ create: async () => cartOf(1, { id: 'cart_2' }), addItem: async () => { throw gone(); } });
  store.cart = cartOf(1);
  await store.add('var_1', 1);
  assert.equal(store.cart.id, 'cart_2');
});

test('the cart survives a reload; who somebody is does not lie about in the browser', async () => {
  const store = storeOf({ create: async () => cartOf(2) });
  await store.add('var_1', 2);
  assert.equal(store.cart.email, 'ana@example.com');
  assert.equal(storeOf({}).count, 2);
  assert.ok(![...localStorage.kept.values()].join().includes('Ana') && ![...localStorage.kept.values()].join().includes('ana@'));
});

test('with the API away the last cart stays, and says since when', async () => {
  const first = storeOf({ create: async () => cartOf(2) });
  await first.add('var_1', 2);
  const store = storeOf({ get: async () => { throw new ApiError('offline', ''); } });
  await store.load();
  assert.equal(store.count, 2);
  assert.ok(store.staleSince);
});

test('changes happen one after the other', async () => {
  const order = [];
  let open = 0;
  const slow = async (name) => {
    assert.equal(++open, 1);
    await new Promise((wake) => setTimeout(wake, 10));
    open--;
    order.push(name);
    return cartOf(1);
  };
  const store = storeOf({ create: () => slow('create'), addItem: () => slow('add'), update: () => slow('update') });
  await Promise.all([store.add('a', 1), store.add('b', 1), store.update({ email: 'x@y.z' })]);
  assert.deepEqual(order, ['create', 'add', 'update']);
});

test('without storage a page remembers alone', async () => {
  globalThis.localStorage = undefined;
  const store = storeOf({ create: async () => cartOf(1) });
  await store.add('var_1', 1);
  assert.equal(store.memory.get('cart').value.id, 'cart_1');
});

test('two shops share nothing; what can be fetched again gives way', () => {
  const one = new Memory('https://api.example', 'pk_test_x');
  const two = new Memory('https://api.example', 'pk_test_y');
  one.set('cart', 1);
  assert.equal(two.get('cart'), null);
  for (let n = 0; n < 30; n++) one.keep(`products:${n}`, n);
  assert.equal(one.get('products:0'), null);
  assert.equal(one.get('products:29').value, 29);
  assert.equal(one.get('cart'), 1);
});
