/** What the browser remembers of one shop. Without storage (private windows, blocked cookies) a page remembers it alone. */

const MAX_KEPT = 16;

/** A short name for a pair of API and key, so that two shops never meet. @param {string} text */
function digest(text) {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return (hash >>> 0).toString(36);
}

export class Memory extends EventTarget {
  /** @type {Map<string, string>} */
  #own = new Map();

  /** @param {string} api @param {string} key */
  constructor(api, key) {
    super();
    this.prefix = `baas:${digest(api)}${digest(key)}:`;
    globalThis.addEventListener?.('storage', (event) => {
      if (event.key?.startsWith(this.prefix)) {
        this.dispatchEvent(new CustomEvent(event.key.slice(this.prefix.length)));
      }
    });
  }

  /** @param {string} name @returns {any} */
  get(name) {
    try {
      const text = localStorage.getItem(this.prefix + name) ?? this.#own.get(name);
      return text ? JSON.parse(text) : null;
    } catch {
      return JSON.parse(this.#own.get(name) ?? 'null');
    }
  }

  /** @param {string} name @param {unknown} value */
  set(name, value) {
    const text = JSON.stringify(value);
    this.#own.set(name, text);
    try {
      localStorage.setItem(this.prefix + name, text);
    } catch {
      this.#forgetLists();
    }
  }

  /** @param {string} name */
  remove(name) {
    this.#own.delete(name);
    try {
      localStorage.removeItem(this.prefix + name);
    } catch {
      // Nothing was stored.
    }
  }

  /**
   * Remember something that can be fetched again; the oldest of them give way.
   *
   * @param {string} name
   * @param {unknown} value
   */
  keep(name, value) {
    const names = [name, ...(this.get('kept') ?? []).filter((/** @type {string} */ other) => other !== name)];
    for (const old of names.splice(MAX_KEPT)) this.remove(old);
    this.set('kept', names);
    this.set(name, { value, at: Date.now() });
  }

  #forgetLists() {
    const names = this.get('kept') ?? [];
    this.remove('kept');
    for (const name of names) this.remove(name);
  }
}
