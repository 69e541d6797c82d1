/** The dialog that shows one product. */
export const dialogCss = `
.view { margin: auto; width: min(60rem, calc(100vw - 2rem)); max-height: min(52rem, calc(100dvh - 2rem)); border-radius: calc(var(--_radius) + 6px); overflow: auto; }
.inside { position: relative; padding: clamp(1rem, 3vw, 2.25rem); }
.closer { position: absolute; z-index: 2; top: 0.75rem; right: 0.75rem; background: var(--_surface); }
@media (max-width: 40rem) {
  .view { width: 100vw; max-height: 94dvh; margin: auto 0 0; border-radius: calc(var(--_radius) + 6px) calc(var(--_radius) + 6px) 0 0; }
}
@media (prefers-reduced-motion: no-preference) {
  .view:not([open]) { transform: translateY(24px); }
  @starting-style { .view[open] { transform: translateY(24px); } }
}
`;
