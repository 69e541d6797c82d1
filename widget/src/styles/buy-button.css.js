import { dialogCss } from './dialog.css.js';

export const buyButtonCss = `
:host { display: inline-block; }
.button { min-inline-size: 11rem; }
.amount { padding-inline-start: 0.75em; border-inline-start: 1px solid color-mix(in srgb, currentColor 35%, transparent); font-variant-numeric: tabular-nums; }
.error { margin-block-start: 0.5rem; }
${dialogCss}`;
