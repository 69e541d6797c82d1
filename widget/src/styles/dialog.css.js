/** The dialog that shows one product. */
export const dialogCss = `
.view { margin: auto; inline-size: min(60rem, calc(100vw - 2rem)); max-block-size: min(52rem, calc(100dvh - 2rem)); border-radius: calc(var(--_radius) + 6px); overflow: auto; }
.inside { position: relative; padding: clamp(1rem, 3vw, 2.25rem); }
.closer { position: absolute; z-index: 2; inset-block-start: 0.75rem; inset-inline-end: 0.75rem; background: var(--_surface); }
@media (max-width: 40rem) {
  .view { inline-size: 100vw; max-block-size: 94dvh; margin: auto 0 0; border-radius: calc(var(--_radius) + 6px) calc(var(--_radius) + 6px) 0 0; }
}
@media (prefers-reduced-motion: no-preference) {
  .view:not([open]) { transform: translateY(24px); }
  @starting-style { .view[open] { transform: translateY(24px); } }
}
`;
