/** Descriptions, which are HTML, as described nodes. */

import { h, safeUrl } from './dom.js';

/** @typedef {import('./dom.js').VNode} VNode */
/** @typedef {import('./dom.js').Kid} Kid */

const ALLOWED = new Set('p br strong b em i u s ul ol li h2 h3 h4 h5 blockquote hr table thead tbody tr th td a span div small sub sup dl dt dd code pre'.split(' '));
const EMPTY = new Set(['br', 'hr']);
/** @type {Record<string, string>} */
const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' };

/** Text with its entities replaced. @param {string} text */
function decode(text) {
  return text.replace(/&(?:#(\d{1,6})|#x([\da-f]{1,5})|(\w+));/gi, (all, number, hex, name) => {
    if (name) return ENTITIES[name.toLowerCase()] ?? all;
    return String.fromCodePoint(Math.min(number ? Number(number) : parseInt(hex, 16), 0x10ffff));
  });
}

/**
 * The HTML of a description as described nodes. Only known elements without attributes survive (links keep an
 * address that is safe), so even a description that nobody sanitised cannot run anything.
 *
 * @param {string} html
 * @returns {Kid[]}
 */
export function rich(html) {
  /** @type {VNode[]} */
  const open = [h('div')];
  let hidden = '';
  for (const [, close, name, rest, text] of html.matchAll(/<(\/?)([a-z][a-z0-9]*)([^>]*)>|<!--[^]*?-->|([^<]+|<)/gi)) {
    const top = open[open.length - 1];
    const tag = name?.toLowerCase();
    if (hidden) {
      if (close && tag === hidden) hidden = '';
    } else if (text) top.kids.push(decode(text));
    else if (!tag) continue;
    else if (/^(script|style|template|iframe|svg|math|title|textarea|noscript)$/.test(tag)) hidden = close ? '' : tag;
    else if (!ALLOWED.has(tag)) continue;
    else if (close) {
      const at = open.findLastIndex((node) => node.tag === tag);
      if (at > 0) open.length = at;
    } else {
      /** @type {Record<string, any>} */
      const props = {};
      if (tag === 'a') {
        const address = safeUrl(decode(/\shref\s*=\s*["']?([^"'\s>]+)/i.exec(rest)?.[1] ?? ''));
        if (address) Object.assign(props, { href: address, rel: 'noopener nofollow' });
      }
      const node = h(tag, props);
      top.kids.push(node);
      if (!EMPTY.has(tag)) open.push(node);
    }
  }
  return open[0].kids;
}
