import assert from 'node:assert/strict';
import { test } from 'node:test';
import { safeUrl, words } from '../src/dom.js';
import { rich } from '../src/rich.js';

/** Back to a text that shows what would become a node. */
const shown = (kids) => kids.map((kid) => (typeof kid === 'string' ? kid : `<${kid.tag}${kid.props.href ? ` ${kid.props.href}` : ''}>${shown(kid.kids)}</${kid.tag}>`)).join('');

test('what a shop writes stays', () => {
  assert.equal(shown(rich('<p>Forrado en <strong>cuero</strong> &amp; alpaca</p><ul><li>6 cm</li></ul>')), '<p>Forrado en <strong>cuero</strong> & alpaca</p><ul><li>6 cm</li></ul>');
  assert.equal(shown(rich('a<br>b &lt;3 &#39;x&#x27;')), "a<br></br>b <3 'x'");
  assert.equal(shown(rich('<a href="https://shop.example/x?a=1&amp;b=2">x</a>')), '<a https://shop.example/x?a=1&b=2>x</a>');
});

test('what somebody else may write does nothing', () => {
  const attacks = {
    '<script>alert(1)</script>ok': 'ok',
    '<img src=x onerror=alert(1)>ok': 'ok',
    '<p onclick="alert(1)">ok</p>': '<p>ok</p>',
    '<a href="javascript:alert(1)">ok</a>': '<a>ok</a>',
    '<a href=" java\nscript:alert(1)">ok</a>': '<a>ok</a>',
    '<a href="&#106;avascript:alert(1)">ok</a>': '<a>ok</a>',
    '<svg><script>alert(1)</script></svg>ok': 'ok',
    '<style>*{}</style>ok': 'ok',
    '<iframe srcdoc="<script>1</script>"></iframe>ok': 'ok',
    '<!-- <script>alert(1)</script> -->ok': 'ok',
    '<p>un<closed': '<p>un<closed</p>',
    '</p></div></body>ok': 'ok',
  };
  for (const [html, expected] of Object.entries(attacks)) assert.ok(shown(rich(html)).endsWith(expected) && !/script>|onerror|onclick|javascript/.test(shown(rich(html))), `${html} → ${shown(rich(html))}`);
});

test('words for one line', () => {
  assert.equal(words('<p>Lenga  fueguina</p><p>40 &times; 25 &amp; aceite &lt;b&gt;</p>'), 'Lenga fueguina 40 &times; 25 & aceite <b>');
});

test('addresses', () => {
  assert.equal(safeUrl('https://a.example/x'), 'https://a.example/x');
  for (const address of ['javascript:alert(1)', 'data:text/html,x', 'vbscript:x', '', null, undefined, 'http://']) assert.equal(safeUrl(address), '', String(address));
});
