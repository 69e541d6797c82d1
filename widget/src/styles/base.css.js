/** Tokens, and what all elements share. Every colour can be set from outside by a custom property. */
export const baseCss = `
:host { display: block; }
:host([hidden]) { display: none; }
.root {
  --_text: var(--baas-text, light-dark(#17181c, #f3f2ef));
  --_muted: var(--baas-muted, light-dark(#5c6069, #a6a9b2));
  --_ground: var(--baas-background, light-dark(transparent, #121317));
  --_surface: var(--baas-surface, light-dark(#ffffff, #1b1d22));
  --_tile: var(--baas-tile, light-dark(#f4f3f0, #24262c));
  --_line: var(--baas-border, light-dark(#e4e3de, #33363e));
  --_field: var(--baas-field-border, light-dark(#8b8e97, #7d818c));
  --_accent: var(--baas-accent, light-dark(#17181c, #f3f2ef));
  --_on-accent: var(--baas-on-accent, light-dark(#ffffff, #17181c));
  --_danger: var(--baas-danger, light-dark(#b3261e, #ff9a92));
  --_good: var(--baas-success, light-dark(#0a6e43, #5fd6a0));
  --_warn: var(--baas-notice, light-dark(#fff6dd, #3a3018));
  --_warn-text: var(--baas-notice-text, light-dark(#5a4300, #ffdf8f));
  --_focus: var(--baas-focus, light-dark(#1a56db, #8ab4ff));
  --_radius: var(--baas-radius, 14px);
  --_small: min(var(--_radius), 10px);
  --_gap: var(--baas-gap, clamp(1rem, 0.6rem + 1.6vw, 2rem));
  --_shadow: var(--baas-shadow, 0 24px 64px rgb(15 16 20 / 0.2));
  --_ease: cubic-bezier(0.2, 0.8, 0.2, 1);
  color-scheme: light;
  box-sizing: border-box;
  color: var(--_text);
  background: var(--_ground);
  font: var(--baas-font, inherit);
  line-height: 1.5;
  text-align: start;
}
.root.dark { color-scheme: dark; }
.root.auto { color-scheme: light dark; }
.root.custom {
  --_text: var(--baas-text, currentColor);
  --_muted: var(--baas-muted, color-mix(in srgb, currentColor 74%, transparent));
  --_ground: var(--baas-background, transparent);
  color-scheme: inherit;
}
.dark, .auto { border-radius: var(--_radius); }
*, ::before, ::after { box-sizing: inherit; }
h1, h2, h3, h4, p, ul, ol, dl, dd, fieldset, legend, figure { margin: 0; padding: 0; border: 0; min-width: 0; }
ul, ol { list-style: none; }
h1, h2, h3, h4 { font: inherit; font-weight: 600; line-height: 1.25; text-wrap: balance; }
p, h1, h2, h3, h4, dd, li, a, button, span { overflow-wrap: anywhere; }
a { color: inherit; }
img { display: block; max-width: 100%; }
.hidden {
  position: absolute; width: 1px; height: 1px; margin: -1px;
  overflow: hidden; clip-path: inset(50%); white-space: nowrap;
}
.problem {
  padding: 1rem 1.25rem; border: 2px solid var(--_danger); border-radius: var(--_small);
  background: var(--_surface); color: var(--_danger); font-weight: 600;
}
.muted { color: var(--_muted); }
.small { font-size: 0.875em; }
.lead { font-size: 1.125em; font-weight: 600; }
.none { padding: 3rem 1rem; text-align: center; }
.price { font-variant-numeric: tabular-nums; font-weight: 600; }
.was { color: var(--_muted); font-weight: 400; margin-left: 0.5em; }
button, input, select { font: inherit; color: inherit; letter-spacing: inherit; }
button { cursor: pointer; -webkit-tap-highlight-color: transparent; touch-action: manipulation; }
button:disabled, [aria-disabled='true'] { cursor: not-allowed; }
:focus { outline: none; }
:focus-visible { outline: 2px solid var(--_focus); outline-offset: 2px; }
.button {
  display: inline-flex; align-items: center; justify-content: center; gap: 0.6em;
  min-height: 3rem; padding: 0.6em 1.5em; border: 1px solid transparent; border-radius: var(--baas-button-radius, 999px);
  background: var(--_accent); color: var(--_on-accent); font-weight: 600; line-height: 1.2;
  text-align: center; text-decoration: none;
}
.button.plain { background: transparent; color: var(--_text); border-color: var(--_field); }
.button.wide { width: 100%; min-height: 3.25rem; }
.button:disabled { background: var(--_tile); color: var(--_muted); border-color: transparent; }
.icon {
  display: inline-grid; place-items: center; width: 2.75rem; height: 2.75rem; padding: 0;
  border: 1px solid transparent; border-radius: 50%; background: transparent;
}
.icon svg, .button svg { width: 1.25rem; height: 1.25rem; flex: none; }
svg { fill: none; stroke: currentColor; stroke-width: 1.6; stroke-linecap: round; stroke-linejoin: round; display: block; }
.link {
  border: 0; background: none; padding: 0.25rem 0; min-height: 1.75rem; text-decoration: underline;
  text-underline-offset: 0.2em; text-decoration-thickness: 1px;
}
.notice {
  display: flex; flex-wrap: wrap; align-items: center; gap: 0.25rem 1rem; justify-content: space-between;
  padding: 0.75rem 1rem; border-radius: var(--_small); background: var(--_warn); color: var(--_warn-text); font-size: 0.9375em;
}
.error { color: var(--_danger); font-size: 0.9375em; }
.input {
  width: 100%; min-height: 3rem; padding: 0.625rem 0.875rem; border: 1px solid var(--_field);
  border-radius: var(--_small); background: var(--_surface); appearance: none;
}
select.input { padding-right: 2.5rem; text-overflow: ellipsis; }
.pick { position: relative; display: block; }
.pick::after {
  content: ''; position: absolute; right: 1.125rem; top: calc(50% - 0.375rem); width: 0.5rem; height: 0.5rem;
  border: solid; border-width: 0 1.6px 1.6px 0; rotate: 45deg; pointer-events: none;
}
.stepper {
  display: inline-flex; align-items: center; border: 1px solid var(--_field); border-radius: 999px;
  font-variant-numeric: tabular-nums;
}
.stepper [aria-disabled] { opacity: 0.4; }
.stepper output { min-width: 1.75rem; text-align: center; font-weight: 500; }
.stepper svg { width: 1rem; height: 1rem; }
.tile {
  position: relative; overflow: hidden; border-radius: var(--_radius); background: var(--_tile);
  aspect-ratio: var(--baas-image-ratio, 1);
}
.tile img { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: cover; }
.sums { display: grid; gap: 0.5rem; }
.sums div { display: flex; justify-content: space-between; gap: 1rem; }
.sums dd { font-variant-numeric: tabular-nums; text-align: right; }
.sums .sum { padding-top: 0.75rem; border-top: 1px solid var(--_line); font-weight: 600; font-size: 1.125em; }
.bone { display: block; border-radius: 6px; background: var(--_tile); color: transparent; }
dialog {
  --baas-background: transparent;
  position: fixed; inset: 0; padding: 0; border: 0; color: inherit; background: var(--_surface); max-width: none;
  max-height: none; overscroll-behavior: contain; box-shadow: var(--_shadow);
}
dialog::backdrop { background: rgb(15 16 20 / 0.42); }
@media (hover: hover) {
  .button:hover:enabled, a.button:hover { filter: brightness(1.12) contrast(0.94); }
  .button.plain:hover:enabled, .icon:hover:enabled, a.plain:hover { background: color-mix(in srgb, currentColor 8%, transparent); filter: none; }
}
@media (prefers-reduced-motion: no-preference) {
  .button, .icon { transition: background-color 0.18s, filter 0.18s, transform 0.18s var(--_ease); }
  .button:active:enabled { transform: scale(0.985); }
  .bone, .tile.wait { animation: wait 1.6s ease-in-out infinite; }
  @keyframes wait { 50% { opacity: 0.55; } }
  dialog, dialog::backdrop { transition: opacity 0.28s, transform 0.34s var(--_ease), display 0.34s allow-discrete, overlay 0.34s allow-discrete; }
  dialog:not([open]), dialog:not([open])::backdrop { opacity: 0; }
  @starting-style { dialog[open], dialog[open]::backdrop { opacity: 0; } }
}
@media (forced-colors: active) {
  .button, .icon, .tile, dialog { border: 1px solid; }
}
`;
