/** Fetches what a first sight of a shop does not need, once. A release puts its own way of doing so in the place of this module. */

/** @type {Record<string, () => Promise<unknown>>} */
const SOURCES = {
  late: () => import('./late.js'),
  en: () => import('./texts/en.js'),
  es: () => import('./texts/es.js'),
  pt: () => import('./texts/pt.js'),
};
/** @type {Record<string, Promise<unknown>>} */
const loading = {};

/** @param {string} name `late` for the other elements, or a language */
export const load = (name) => (loading[name] ??= SOURCES[name]());
