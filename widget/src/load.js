/**
 * Fetches what a first sight of a shop does not need, once. This module knows no part by itself: `baas.js` puts in here what
 * `sources.js` names. So an element may ask for a part that holds elements, and no import leads in a circle.
 */

/** How each part is fetched: `late` for the other elements, or a language. @type {Record<string, () => unknown>} */
export const parts = {};

/** Fetch a part unless that was done. @param {string} name */
export function load(name) {
  parts[name]?.();
  delete parts[name];
}
