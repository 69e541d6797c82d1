/** Where the parts are that come late. A release puts its own files, under their integrity values, in the place of this module. */

/** @type {Record<string, () => unknown>} */
export const sources = {
  late: () => import('./late.js'),
  en: () => import('./texts/en.js'),
  es: () => import('./texts/es.js'),
  pt: () => import('./texts/pt.js'),
};
