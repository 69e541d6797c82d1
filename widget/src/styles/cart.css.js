export const cartCss = `
:host { display: inline-block; }
:host([floating]) { position: fixed; z-index: 2147483000; bottom: max(1.25rem, env(safe-area-inset-bottom)); right: 1.25rem; }
.trigger {
  position: relative; display: inline-grid; place-items: center; width: 3rem; height: 3rem; padding: 0;
  border: 1px solid transparent; border-radius: 50%; background: transparent; color: inherit;
}
:host([floating]) .root { background: none; }
:host([floating]) .trigger { width: 3.75rem; height: 3.75rem; background: var(--_accent); color: var(--_on-accent); box-shadow: 0 10px 30px rgb(15 16 20 / 0.25); }
.trigger svg { width: 1.5rem; height: 1.5rem; }
.count {
  position: absolute; top: 0; right: 0; min-width: 1.25rem; height: 1.25rem; padding-inline: 0.3rem;
  border-radius: 999px; background: var(--_accent); color: var(--_on-accent); font-size: 0.75rem; line-height: 1.25rem; font-weight: 600; text-align: center;
  font-variant-numeric: tabular-nums; box-shadow: 0 0 0 2px var(--_surface);
}
:host([floating]) .count { background: var(--_surface); color: var(--_text); box-shadow: 0 0 0 1px var(--_line); }
.count.zero { visibility: hidden; }
.drawer { inset: 0 0 0 auto; width: min(28rem, 100vw); height: 100dvh; margin: 0; overflow: hidden; }
.inside { display: flex; flex-direction: column; height: 100%; }
.head { display: flex; align-items: center; gap: 0.5rem; padding: 1.125rem 0.875rem 1.125rem 1.5rem; border-bottom: 1px solid var(--_line); }
.head h2 { outline: none; flex: 1; font-size: 1.25rem; letter-spacing: -0.01em; }
.head h2 .muted { font-weight: 400; }
.head .icon:first-child { margin-left: -0.875rem; }
.parts { display: flex; flex-direction: column; flex: 1; min-height: 0; }
.body { flex: 1; min-height: 0; overflow: auto; padding: 1.25rem 1.5rem; overscroll-behavior: contain; }
.body > .notice { margin-bottom: 1rem; }
.empty { display: grid; align-content: center; justify-items: center; gap: 0.25rem; text-align: center; }
.empty > svg { width: 3rem; height: 3rem; stroke-width: 1; color: var(--_muted); margin-bottom: 1rem; }
.empty .notice, .empty .button { margin-top: 1.5rem; }
.line { display: grid; grid-template-columns: 5rem minmax(0, 1fr) auto; gap: 0.25rem 1rem; padding-block: 1.25rem; border-top: 1px solid var(--_line); }
.line:first-child { padding-top: 0; border: 0; }
.line .tile { grid-row: span 2; border-radius: var(--_small); align-self: start; }
.name { font-weight: 500; line-height: 1.35; }
.changed { color: var(--_warn-text); background: var(--_warn); padding: 0.1em 0.5em; border-radius: 6px; justify-self: start; display: inline-block; margin-top: 0.25rem; }
.how { grid-column: 2 / -1; display: flex; align-items: center; justify-content: space-between; gap: 0.75rem; margin-top: 0.5rem; }
.stepper .icon { width: 2.5rem; height: 2.5rem; }
.leaving { opacity: 0.45; }
.foot { display: grid; gap: 1.125rem; padding: 1.25rem 1.5rem max(1.5rem, env(safe-area-inset-bottom)); border-top: 1px solid var(--_line); }
.foot.busy dd { opacity: 0.5; }
@media (hover: hover) { .trigger:hover { background: color-mix(in srgb, currentColor 8%, transparent); } :host([floating]) .trigger:hover { background: var(--_accent); filter: brightness(1.12); } }
@media (prefers-reduced-motion: no-preference) {
  .drawer:not([open]) { transform: translateX(40px); }
  @starting-style { .drawer[open] { transform: translateX(40px); } }
  .foot dd, .leaving { transition: opacity 0.15s; }
}
`;
