/** Descriptions of nodes, and a function that makes a parent's children match them. Text is only ever text. */

/**
 * @typedef {{tag: string, props: Record<string, any>, kids: Kid[]}} VNode
 * @typedef {VNode | string | number | false | null | undefined} Kid
 * @typedef {Kid | Kid[] | Kid[][]} Kids
 */

const SVG = 'http://www.w3.org/2000/svg';
/** Where a node keeps its key: nodes that have one are recognised wherever they move. */
const KEY = Symbol('key');
const PROPERTIES = new Set(['value', 'checked', 'selected']);

/**
 * Describe an element. Properties that begin with `on` are handlers, `key` tells siblings apart, everything else
 * is an attribute: true stands for an empty one, false and null for none.
 *
 * @param {string} tag
 * @param {Record<string, any> | null} [props]
 * @param {...Kids} kids
 * @returns {VNode}
 */
export function h(tag, props, ...kids) {
  return { tag, props: props ?? {}, kids: /** @type {Kid[]} */ (kids.flat(3)) };
}

/**
 * Make the children of a node those described, changing as little as possible, so that focus and scroll stay.
 *
 * @param {Node} parent
 * @param {Kid[]} kids
 */
export function render(parent, kids) {
  const wanted = kids.filter((kid) => kid || kid === 0 || kid === '');
  const old = /** @type {(ChildNode & {[KEY]?: string})[]} */ ([...parent.childNodes]);
  const unused = new Set(old);
  const nodes = wanted.map((kid) => {
    const isElement = typeof kid === 'object' && kid !== null;
    const key = isElement ? kid.props.key : undefined;
    let node;
    for (const candidate of unused) {
      const fits = isElement
        ? candidate[KEY] === key && /** @type {Element} */ (candidate).localName === kid.tag
        : candidate.nodeType === 3;
      if (fits) {
        node = candidate;
        break;
      }
    }
    if (node) unused.delete(node);
    else if (!isElement) node = document.createTextNode('');
    else {
      const inSvg = kid.tag === 'svg' || /** @type {Element} */ (parent).namespaceURI === SVG;
      node = inSvg ? document.createElementNS(SVG, kid.tag) : document.createElement(kid.tag);
      /** @type {any} */ (node)[KEY] = key;
    }
    if (isElement) apply(/** @type {Element} */ (node), kid);
    else if (node.nodeValue !== String(kid)) node.nodeValue = String(kid);
    return node;
  });
  for (const node of unused) node.remove();
  nodes.forEach((node, index) => {
    const at = parent.childNodes[index] ?? null;
    if (at !== node) parent.insertBefore(node, at);
  });
}

/** @type {WeakMap<Element, Record<string, any>>} */
const applied = new WeakMap();

/** @param {Element} node @param {VNode} kid */
function apply(node, { props, kids }) {
  const before = applied.get(node) ?? {};
  for (const name of Object.keys({ ...before, ...props })) {
    const value = props[name];
    if (name === 'key' || (before[name] === value && !PROPERTIES.has(name))) continue;
    if (name.startsWith('on')) /** @type {any} */ (node)[name] = value ?? null;
    else if (PROPERTIES.has(name)) continue;
    else if (value === undefined || value === null || value === false) node.removeAttribute(name);
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  applied.set(node, props);
  render(node, kids);
  // After the children: a select takes a value only once it has the option.
  for (const name of PROPERTIES) {
    const live = /** @type {any} */ (node);
    if (name in props && live[name] !== props[name]) live[name] = props[name];
  }
}

/**
 * The words of a description, for places where only a line fits.
 *
 * @param {string} html
 */
export const words = (html) => html.replace(/(?:<[^>]*>|&nbsp;|\s)+/g, ' ').replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&').trim();

/**
 * The address if following it is safe, else an empty text.
 *
 * @param {string | null | undefined} address
 * @param {string} [base]
 */
export function safeUrl(address, base) {
  if (!address) return '';
  try {
    const url = new URL(address, base ?? globalThis.document?.baseURI);
    return /^(https?|mailto|tel|file):$/.test(url.protocol) ? url.href : '';
  } catch {
    return '';
  }
}
