export const buyButtonCss = `
:host { display: inline-block; }
.button { min-width: 11rem; }
.amount { padding-left: 0.75em; border-inline-start: 1px solid color-mix(in srgb, currentColor 35%, transparent); font-variant-numeric: tabular-nums; }
.error { margin-top: 0.5rem; }
`;
