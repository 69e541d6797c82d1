/** Amounts in minor units to what people read, without arithmetic that could round. */

/** ISO 4217 currencies whose minor unit is not a hundredth. Intl's own table differs for a few. */
const DECIMALS = new Map([
  ...'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'.split(' ').map((code) => /** @type {[string, number]} */ ([code, 0])),
  ...'BHD IQD JOD KWD LYD OMR TND'.split(' ').map((code) => /** @type {[string, number]} */ ([code, 3])),
  ['CLF', 4],
  ['UYW', 4],
]);

/** @type {Map<string, Intl.NumberFormat>} */
const formats = new Map();

/**
 * The amount as a decimal text: 1250 in ARS is "12.50".
 *
 * @param {number} amount
 * @param {string} currency
 */
export function decimal(amount, currency) {
  const decimals = DECIMALS.get(currency) ?? 2;
  const digits = String(Math.abs(amount)).padStart(decimals + 1, '0');
  const split = digits.length - decimals;
  return (amount < 0 ? '-' : '') + digits.slice(0, split) + (decimals ? `.${digits.slice(split)}` : '');
}

/**
 * The amount as the locale writes it; whole amounts without zeros after the point.
 *
 * @param {number} amount
 * @param {string} currency
 * @param {string} locale
 */
export function money(amount, currency, locale) {
  const name = locale + currency;
  let format = formats.get(name);
  if (!format) {
    const decimals = DECIMALS.get(currency) ?? 2;
    format = new Intl.NumberFormat(locale, {
      style: 'currency',
      currency,
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
      trailingZeroDisplay: 'stripIfInteger',
    });
    formats.set(name, format);
  }
  // A decimal text is formatted exactly, digit by digit.
  return format.format(/** @type {any} */ (decimal(amount, currency)));
}
