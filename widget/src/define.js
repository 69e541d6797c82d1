/** Give elements their names; loading the widget twice is harmless. @param {Record<string, CustomElementConstructor>} elements */
export function define(elements) {
  for (const [name, constructor] of Object.entries(elements)) {
    if (!customElements.get(name)) customElements.define(name, constructor);
  }
}
