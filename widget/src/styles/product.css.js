export const productCss = `
:host { container-type: inline-size; }
.root { display: grid; gap: 1rem; }
.product { display: grid; grid-template-columns: minmax(0, 1.1fr) minmax(0, 1fr); gap: clamp(1.5rem, 5cqi, 4rem); align-items: start; }
.gallery { display: grid; gap: 0.75rem; }
.thumbs { display: flex; gap: 0.625rem; overflow-x: auto; scrollbar-width: none; padding: 4px; margin: -4px; }
.thumb { flex: none; width: 4.5rem; padding: 0; border: 0; border-radius: var(--_small); opacity: 0.72; }
.thumb[aria-pressed='true'] { opacity: 1; box-shadow: inset 0 0 0 2px var(--_accent); }
.thumb[aria-pressed='true'] img { clip-path: inset(4px round calc(var(--_small) - 4px)); }
.about { display: grid; gap: 1.125rem; align-content: start; }
.vendor { margin-bottom: -0.75rem; }
.title { font-size: clamp(1.5rem, 1.1rem + 2cqi, 2.125rem); letter-spacing: -0.015em; line-height: 1.15; }
.price { font-size: 1.25em; font-weight: 500; }
.label { font-size: 0.875em; font-weight: 500; }
.values { display: flex; flex-wrap: wrap; gap: 0.5rem; margin-top: 0.5rem; }
.value { position: relative; cursor: pointer; }
.value > span { display: grid; place-items: center; min-height: 2.75rem; min-width: 3rem; padding: 0.375rem 1.125rem; border: 1px solid var(--_line); border-radius: var(--_small); }
.value input:checked + span { border-color: var(--_accent); box-shadow: inset 0 0 0 1px var(--_accent); font-weight: 600; }
.value input:focus-visible + span { outline: 2px solid var(--_focus); outline-offset: 2px; }
.value.out > span { color: var(--_muted); text-decoration: line-through; }
.stock { display: flex; align-items: center; gap: 0.5rem; font-size: 0.9375em; color: var(--_good); }
.stock.low { color: var(--_warn-text); }
.stock.out { color: var(--_muted); }
.dot { width: 0.5rem; height: 0.5rem; border-radius: 50%; background: currentColor; }
.buy { display: flex; flex-wrap: wrap; gap: 0.75rem; align-items: center; }
.buy .button { flex: 1 1 12rem; min-height: 3.25rem; }
.buy .stepper { min-height: 3.25rem; }
.description { display: grid; gap: 0.75rem; margin-top: 0.75rem; padding-top: 1.5rem; border-top: 1px solid var(--_line); color: var(--_muted); line-height: 1.65; }
.description ul, .description ol { padding-left: 1.25em; list-style: disc; }
.description ol { list-style: decimal; }
.description strong { color: var(--_text); }
.description table { width: 100%; border-collapse: collapse; }
.description td, .description th { padding: 0.4em 0.5em; border-bottom: 1px solid var(--_line); text-align: left; }
.bone.third { width: 34%; } .bone.tall { height: 9rem; } .bone.button-like { height: 3.25rem; border-radius: 999px; }
@container (max-width: 40rem) {
  .product { grid-template-columns: minmax(0, 1fr); gap: 1.5rem; }
}
@media (hover: hover) { .value:hover > span { border-color: var(--_field); } .thumb:hover { opacity: 1; } }
`;
