export const productsCss = `
:host { container-type: inline-size; }
.root { display: grid; gap: var(--_gap); }
.dark { padding: var(--baas-padding, var(--_gap)); }
.auto { padding: var(--baas-padding, 0); }
.controls { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 1rem; align-items: center; }
.search { position: relative; max-width: 28rem; }
.search svg { position: absolute; inset-block: 0; margin-block: auto; left: 1rem; width: 1.15rem; height: 1.15rem; color: var(--_muted); pointer-events: none; }
.search .input { border-radius: 999px; padding-left: 2.75rem; }
.sort { width: auto; border-radius: 999px; padding-left: 1.25rem; }
.chips { grid-column: 1 / -1; display: flex; gap: 0.5rem; overflow-x: auto; scrollbar-width: none; padding: 4px; margin: -4px; }
.chip {
  flex: none; min-height: 2.5rem; padding: 0.25rem 1.1rem; border: 1px solid var(--_line); border-radius: 999px;
  background: transparent; font-size: 0.9375em;
}
.chip[aria-pressed='true'] { background: var(--_accent); border-color: var(--_accent); color: var(--_on-accent); }
.items { display: grid; gap: calc(var(--_gap) * 1.25) var(--_gap); grid-template-columns: repeat(auto-fill, minmax(min(100%, var(--baas-card-width, 15rem)), 1fr)); }
.items.busy { opacity: 0.55; }
.card { position: relative; display: grid; gap: 0.875rem; align-content: start; }
.about { display: grid; gap: 0.125rem; align-content: start; }
.title { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; line-height: 1.35; font-weight: 500; }
.grid .about, .carousel .about { min-height: 6.1em; }
.name { display: inline; border: 0; padding: 0; background: none; text-align: inherit; text-decoration: none; font-weight: inherit; line-height: inherit; }
.name::after { content: ''; position: absolute; inset: 0; border-radius: var(--_radius); }
.name:focus-visible { outline: none; }
.name:focus-visible::after { outline: 2px solid var(--_focus); outline-offset: 4px; }
.vendor { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.price { margin-top: 0.25rem; min-height: 1.5em; }
.badge {
  position: absolute; top: 0.75rem; left: 0.75rem; padding: 0.2em 0.75em; border-radius: 999px;
  background: var(--_surface); color: var(--_text); font-size: 0.8125em; font-weight: 600;
}
.badge.sale { background: var(--_accent); color: var(--_on-accent); }
[sold-out] .tile img { opacity: 0.45; filter: grayscale(0.6); }
.add {
  position: absolute; top: 0; right: 0; z-index: 1; display: grid; place-items: center;
  width: 2.75rem; height: 2.75rem; margin: 0.75rem; padding: 0; border: 1px solid var(--_line); border-radius: 50%;
  background: var(--_surface); color: var(--_text);
}
.add svg { width: 1.2rem; height: 1.2rem; }
.bone.half { width: 50%; } .bone.third { width: 34%; }
.list { grid-template-columns: minmax(0, 1fr); gap: 0; }
.list .card { grid-template-columns: clamp(5.5rem, 22cqi, 10rem) minmax(0, 1fr) auto; gap: var(--_gap); align-items: center; padding-block: 1.25rem; border-top: 1px solid var(--_line); }
.list .card:last-child { border-bottom: 1px solid var(--_line); }
.list .name::after { inset-block: 0.5rem; }
.list .add { position: relative; margin: 0; }
.list .title { font-size: 1.0625em; }
.words { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; max-width: 60ch; margin-block: 0.35rem; height: 3em; }
.carousel { grid-auto-flow: column; grid-template-columns: none; grid-auto-columns: minmax(min(70cqi, 13rem), 17rem); overflow-x: auto; scroll-snap-type: x mandatory; scroll-padding: 6px; scrollbar-width: thin; padding: 6px; margin: -6px; padding-bottom: 1rem; }
.carousel .card { scroll-snap-align: start; }
.arrows { display: flex; justify-content: flex-end; gap: 0.5rem; margin-bottom: calc(var(--_gap) * -0.5); }
.arrows .icon { border-color: var(--_line); }
.none .button { margin-top: 1.5rem; }
.after { padding-top: 0.5rem; text-align: center; }
@container (max-width: 34rem) {
  .sort { max-width: 11rem; padding-inline: 1rem 2.25rem; }
  .controls { gap: 0.75rem; }
  .grid { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1.5rem 0.875rem; }
  .card { gap: 0.625rem; }
  .grid .about { font-size: 0.9375em; }
  .list .card { gap: 1rem; }
  .words { display: none; }
  .add { margin: 0.5rem; }
  .badge { top: 0.5rem; left: 0.5rem; }
}
@media (hover: hover) and (prefers-reduced-motion: no-preference) {
  .tile img { transition: transform 0.6s var(--_ease); }
  .card:hover .tile img { transform: scale(1.035); }
  .add { transition: background-color 0.18s, color 0.18s; }
  .add:hover { background: var(--_accent); color: var(--_on-accent); }
}
@media (prefers-reduced-motion: no-preference) {
  .add.busy svg { animation: turn 0.7s linear infinite; }
  @keyframes turn { to { transform: rotate(1turn); } }
}
`;
