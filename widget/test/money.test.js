import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decimal, money } from '../src/money.js';

test('minor units become decimals by the table of ISO 4217, exactly', () => {
  assert.equal(decimal(1250, 'ARS'), '12.50');
  assert.equal(decimal(5, 'USD'), '0.05');
  assert.equal(decimal(-5, 'USD'), '-0.05');
  assert.equal(decimal(0, 'EUR'), '0.00');
  assert.equal(decimal(5990, 'CLP'), '5990');
  assert.equal(decimal(12345, 'KWD'), '12.345');
  assert.equal(decimal(Number.MAX_SAFE_INTEGER, 'ARS'), '90071992547409.91');
});

test('people read it in their own way, whole amounts without decimals', () => {
  const plain = (text) => text.replace(/\s/g, ' ');
  assert.equal(plain(money(4890000, 'ARS', 'es-AR')), '$ 48.900');
  assert.equal(plain(money(1840050, 'ARS', 'es-AR')), '$ 18.400,50');
  assert.equal(plain(money(899099, 'BRL', 'pt-BR')), 'R$ 8.990,99');
  assert.equal(plain(money(1999, 'USD', 'en-US')), '$19.99');
  assert.equal(plain(money(5990, 'CLP', 'es-CL')), '$5.990');
  assert.equal(plain(money(12345, 'KWD', 'en')), 'KWD 12.345');
  assert.equal(plain(money(Number.MAX_SAFE_INTEGER, 'USD', 'en-US')), '$90,071,992,547,409.91');
});
