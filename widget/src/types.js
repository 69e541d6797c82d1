/**
 * The words of the storefront API, as its answers spell them. Amounts are integers in the currency's minor unit.
 *
 * @typedef {object} Store
 * @property {string} id
 * @property {string} name
 * @property {'test' | 'live'} mode
 * @property {string} currency
 * @property {string} locale
 * @property {string} country
 * @property {boolean} prices_include_tax
 * @property {string | null} domain
 * @property {number} shipping_price
 * @property {boolean} [has_discounts] present when the store takes discount codes
 *
 * @typedef {object} Variant
 * @property {string} id
 * @property {string} name
 * @property {string | null} sku
 * @property {string[]} option_values
 * @property {number} price
 * @property {number | null} compare_at_price
 * @property {boolean} requires_shipping
 * @property {string | null} image_id
 * @property {number | null} available pieces, or null when the store does not say
 * @property {boolean} in_stock
 *
 * @typedef {object} Image
 * @property {string} id
 * @property {string} url
 * @property {string} alt
 * @property {string[]} variant_ids
 *
 * @typedef {object} Product
 * @property {string} id
 * @property {string} handle
 * @property {string} name
 * @property {string} description sanitised HTML
 * @property {string} vendor
 * @property {string} product_type
 * @property {string[]} tags
 * @property {{name: string, values: string[]}[]} options
 * @property {Variant[]} variants
 * @property {Image[]} images
 * @property {{min: number, max: number}} price_range
 * @property {string} currency
 * @property {{id: string, slug: string, name: string}[]} categories
 * @property {boolean} in_stock
 *
 * @typedef {object} Category
 * @property {string} id
 * @property {string} name
 * @property {string} slug
 * @property {string | null} parent_id
 * @property {Category[]} children
 *
 * @typedef {object} Address
 * @property {string} name
 * @property {string} line1
 * @property {string | null} [line2]
 * @property {string} city
 * @property {string | null} [region]
 * @property {string | null} [postal_code]
 * @property {string} country ISO 3166-1 alpha-2
 * @property {string | null} [phone]
 * @property {string | null} [company]
 * @property {string | null} [tax_id]
 *
 * @typedef {object} CartItem
 * @property {string} id
 * @property {string} variant_id
 * @property {string} product_id
 * @property {string} product_name
 * @property {string} variant_name
 * @property {string | null} sku
 * @property {number} quantity
 * @property {number} unit_price
 * @property {number} total
 * @property {string | null} image_url
 * @property {boolean} available
 * @property {boolean} price_changed
 *
 * @typedef {object} Totals
 * @property {string} currency
 * @property {number} subtotal
 * @property {number} discount_total
 * @property {number} shipping_total
 * @property {number} tax_total
 * @property {number} total
 * @property {boolean} prices_include_tax
 *
 * @typedef {object} CartFields
 * @property {string} id
 * @property {'active' | 'converted' | 'abandoned'} status
 * @property {string | null} email
 * @property {CartItem[]} items
 * @property {boolean} requires_shipping
 * @property {string | null} shipping_method_id
 * @property {string[]} discount_codes
 * @property {Address | null} shipping_address
 * @property {Address | null} billing_address
 * @property {string} expires_at
 * @typedef {CartFields & Totals} Cart
 *
 * @typedef {object} OrderItem
 * @property {string} id
 * @property {string | null} variant_id
 * @property {string | null} product_id
 * @property {string} product_name
 * @property {string | null} variant_name
 * @property {string | null} sku
 * @property {string | null} image_url
 * @property {number} quantity
 * @property {number} unit_price
 * @property {number} total
 *
 * @typedef {object} OrderFields
 * @property {string} id
 * @property {string} number
 * @property {'pending' | 'payment_pending' | 'payment_failed' | 'paid' | 'processing' | 'shipped' | 'delivered' | 'cancelled' | 'returned'} status
 * @property {'pending' | 'paid' | 'failed' | 'partially_refunded' | 'refunded' | 'disputed'} payment_status
 * @property {string | null} email
 * @property {OrderItem[]} items
 * @property {Address | null} shipping_address
 * @property {{carrier?: string | null, number?: string | null, url?: string | null} | null} tracking
 * @property {string} placed_at
 * @property {string | null} expires_at
 * @property {string} [access_token] given once, when the order is placed
 * @typedef {OrderFields & Totals} Order
 *
 * @typedef {object} Payment
 * @property {string} id
 * @property {string | null} order_id
 * @property {string} provider
 * @property {string} status
 * @property {number} amount
 * @property {string} currency
 * @property {{type: 'redirect', url: string} | {type: 'client_secret', client_secret: string} | null} next_action
 * @property {string | null} failure_code
 *
 * @typedef {object} ProductQuery
 * @property {string} [category]
 * @property {string} [q]
 * @property {string} [sort]
 * @property {number} [limit]
 * @property {string} [cursor]
 * @property {string} [tag]
 * @property {string} [ids]
 * @property {number} [min_price]
 * @property {number} [max_price]
 * @property {boolean} [in_stock]
 * @property {'total'} [include]
 *
 * @typedef {object} CheckoutRequest
 * @property {string} provider
 * @property {string} [email]
 * @property {Address} [shipping_address]
 * @property {Address} [billing_address]
 * @property {number} [expected_total]
 * @property {string} [return_url]
 * @property {string} [note]
 * @property {'approved' | 'rejected' | 'pending' | 'page'} [sandbox_token]
 *
 * @typedef {object} CartPatch
 * @property {string | null} [email]
 * @property {Address | null} [shipping_address]
 * @property {Address | null} [billing_address]
 * @property {string | null} [shipping_method_id]
 * @property {string[]} [discount_codes]
 */

/**
 * @template T
 * @typedef {{items: T[], nextCursor: string | null, total: number | null}} Page
 */

export {};
