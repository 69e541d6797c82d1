import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError, createClient, SetupError } from '../src/client.js';

const good = (data, more = {}) => Response.json({ success: true, data, meta: { request_id: 'req_1' }, ...more });
const bad = (status, code, details = {}, headers = {}) => Response.json({ success: false, error: { code, message: code, details }, meta: { request_id: 'req_9' } }, { status, headers });

/** A client whose requests are answered one after the other; what was asked is kept. */
function scripted(...answers) {
  const asked = [];
  const client = createClient({
    key: 'pk_test_x', api: 'https://api.example/api/v1/', timeout: 200,
    fetch: async (url, init) => {
      asked.push({ url, ...init });
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return typeof answer === 'function' ? answer(init) : answer;
    },
  });
  return { client, asked };
}

test('secret keys are refused with a reason, and so are addresses that are none', () => {
  assert.throws(() => createClient({ key: 'sk_live_abc', api: 'https://a.example' }), (error) => error instanceof SetupError && /secret/.test(error.message) && /rotate/.test(error.message) && !error.message.includes('abc'));
  assert.throws(() => createClient({ key: '', api: 'https://a.example' }), SetupError);
  assert.throws(() => createClient({ key: 'pk_test_x', api: '' }), SetupError);
});

test('lists say where they go on', async () => {
  const { client, asked } = scripted(good([{ id: 'prod_1' }], { pagination: { next_cursor: 'abc', total: null } }));
  const page = await client.products.list({ q: 'mate', category: '', limit: 2 });
  assert.deepEqual([page.items.length, page.nextCursor, page.total], [1, 'abc', null]);
  assert.equal(asked[0].url, 'https://api.example/api/v1/storefront/products?q=mate&limit=2');
  assert.equal(asked[0].credentials, 'omit');
});

test('a write is tried again under the same key', async () => {
  const { client, asked } = scripted(new TypeError('network'), bad(503, 'unavailable'), good({ id: 'cart_1' }));
  assert.equal((await client.carts.create()).id, 'cart_1');
  const keys = asked.map(({ headers }) => headers['Idempotency-Key']);
  assert.equal(keys.length, 3);
  assert.equal(new Set(keys).size, 1);
  const next = scripted(good({}));
  await next.client.carts.create();
  assert.notEqual(next.asked[0].headers['Idempotency-Key'], keys[0]);
});

test('a refusal is not tried again, and says what was refused', async () => {
  const { client, asked } = scripted(bad(409, 'insufficient_stock', { variant_id: 'var_1', asked: 5, available: 2 }));
  await assert.rejects(client.carts.addItem('cart_1', { variant_id: 'var_1', quantity: 5 }), (error) => error instanceof ApiError && error.code === 'insufficient_stock' && error.details.available === 2 && error.requestId === 'req_9' && !error.isOutage);
  assert.equal(asked.length, 1);
});

test('Retry-After is obeyed, and a long one is handed on', async () => {
  const { client, asked } = scripted(bad(429, 'rate_limited', {}, { 'Retry-After': '1' }), good({}));
  const began = Date.now();
  await client.store();
  assert.ok(Date.now() - began >= 990);
  assert.equal(asked.length, 2);
  const long = scripted(bad(429, 'rate_limited', {}, { 'Retry-After': '60' }));
  await assert.rejects(long.client.store(), (error) => error.retryAfter === 60 && error.isOutage);
});

test('an API that hangs is given up', async () => {
  const hang = ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  const { client } = scripted(hang, hang, hang);
  // An AbortSignal's timer does not keep Node awake.
  const awake = setInterval(() => {}, 50);
  await assert.rejects(client.store(), (error) => error.code === 'timeout' && error.isOutage);
  clearInterval(awake);
});

test('an answer that is not one of the API’s is an outage', async () => {
  const page = () => new Response('<html>Bad gateway</html>', { status: 502 });
  const { client } = scripted(page(), page(), page());
  await assert.rejects(client.store(), (error) => error.code === 'unavailable' && error.status === 502);
});

test('ids cannot leave their place in an address', async () => {
  const { client, asked } = scripted(good({}), good({}));
  await client.products.get('../../admin/orders?x=1#y');
  assert.equal(asked[0].url, 'https://api.example/api/v1/storefront/products/..%2F..%2Fadmin%2Forders%3Fx%3D1%23y');
  await client.orders.get('ord_1', 'a&b');
  assert.equal(asked[1].url, 'https://api.example/api/v1/storefront/orders/ord_1?token=a%26b');
});
