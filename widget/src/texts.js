/** What shoppers read, by language. `{name}` is replaced. A language comes when a page speaks it. */

/** @typedef {import('./texts/en.js').TextName} TextName */
/** @typedef {(name: TextName, values?: Record<string, string | number>) => string} Translate */

/** @type {Record<string, Record<string, string>>} */
const languages = {};
/** Says `change` when texts have arrived. */
export const arrivals = new EventTarget();

/** Take over the texts of a language. @param {string} language @param {Record<TextName, string>} texts */
export function learn(language, texts) {
  languages[language] = texts;
  arrivals.dispatchEvent(new Event('change'));
}

/** Which of our languages a locale gets. @param {string} locale */
export const languageOf = (locale) => /^(es|pt)/i.exec(locale)?.[0].toLowerCase() ?? 'en';

/**
 * The texts of a language; empty ones while they are on their way.
 *
 * @param {string} language
 * @returns {Translate}
 */
export const translator = (language) => (name, values = {}) =>
  (languages[language]?.[name] ?? '').replace(/\{(\w+)\}/g, (all, word) => String(values[word] ?? all));
