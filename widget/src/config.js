/** Where elements get their settings: their own attributes, those around them, then the script tag's. */

const script = globalThis.document?.querySelector('script[data-key]');

/** The API beside this script when it is served by one: …/widget/v1/baas.js belongs to …/api/v1. */
const served = /^https?:.*\/widget\/v1\//.test(import.meta.url) ? new URL('../../api/v1', import.meta.url).href : '';

/** What `Baas.configure` set, and hooks of the page. @type {Record<string, any>} */
export const defaults = {};

/**
 * @param {Element} element
 * @param {string} name `key`, `api`, `locale`, `theme`, …
 * @returns {string}
 */
export function setting(element, name) {
  for (let node = element; node; ) {
    const own = /^BAAS-/.test(node.tagName) && node.getAttribute(name);
    if (own) return own;
    node = node.parentElement ?? /** @type {ShadowRoot} */ (node.getRootNode()).host;
  }
  return defaults[name] ?? script?.getAttribute(`data-${name}`) ?? (name === 'api' ? served : '');
}
