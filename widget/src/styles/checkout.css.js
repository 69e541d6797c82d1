export const checkoutCss = `
:host { container-type: inline-size; }
.checkout { display: grid; grid-template-columns: minmax(0, 1.25fr) minmax(0, 1fr); gap: clamp(1.5rem, 5cqi, 4.5rem); align-items: start; }
.entries { display: grid; gap: 2rem; }
legend, .legend { margin-bottom: 0.875rem; font-size: 1.125em; font-weight: 600; letter-spacing: -0.01em; }
.grid { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); gap: 1rem 0.875rem; }
.w6 { grid-column: span 6; } .w4 { grid-column: span 4; } .w3 { grid-column: span 3; } .w2 { grid-column: span 2; }
.field { display: grid; gap: 0.375rem; align-content: start; }
.field > span:first-child { font-size: 0.875em; font-weight: 500; }
.input[aria-invalid='true'] { border-color: var(--_danger); box-shadow: inset 0 0 0 1px var(--_danger); }
.field .error { font-size: 0.875em; }
.way { display: flex; align-items: center; gap: 0.75rem; min-height: 3.25rem; padding: 0.5rem 1rem; border: 1px solid var(--_line); border-radius: var(--_small); cursor: pointer; }
.one { justify-content: space-between; cursor: default; }
.way + .way { margin-top: 0.5rem; }
.way:has(:checked) { border-color: var(--_accent); box-shadow: inset 0 0 0 1px var(--_accent); }
.way input { accent-color: var(--_accent); width: 1.125rem; height: 1.125rem; margin: 0; }
.summary { display: grid; gap: 1.25rem; padding: clamp(1.25rem, 4cqi, 2rem); border-radius: calc(var(--_radius) + 4px); background: var(--_tile); position: sticky; top: 1rem; }
.lines { display: grid; gap: 0.875rem; padding-bottom: 1.25rem; border-bottom: 1px solid var(--_line); }
.lines li { display: grid; grid-template-columns: 3.5rem minmax(0, 1fr) auto; gap: 0.875rem; align-items: center; line-height: 1.35; }
.lines .tile { border-radius: 8px; background: var(--_surface); }
.block { display: block; }
.safe { text-align: center; }
.none.bone { min-height: 16rem; }
@container (max-width: 46rem) {
  .checkout { grid-template-columns: minmax(0, 1fr); gap: 2rem; }
  .summary { position: static; }
}
@container (max-width: 26rem) {
  .w4, .w2 { grid-column: span 3; }
}
`;
