export const orderStatusCss = `
:host { container-type: inline-size; }
.order { display: grid; gap: 1.75rem; max-width: 40rem; margin-inline: auto; }
.top { display: grid; justify-items: center; gap: 0.375rem; text-align: center; }
.mark { display: grid; place-items: center; width: 3.5rem; height: 3.5rem; border-radius: 50%; background: color-mix(in srgb, var(--_good) 14%, transparent); color: var(--_good); margin-bottom: 0.75rem; }
.mark.wait { background: var(--_tile); color: var(--_muted); }
.mark.bad { background: color-mix(in srgb, var(--_danger) 12%, transparent); color: var(--_danger); }
.mark svg { width: 1.75rem; height: 1.75rem; }
.headline { font-size: clamp(1.625rem, 1.3rem + 1.5cqi, 2.125rem); letter-spacing: -0.015em; }
.steps { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); }
.steps li { position: relative; display: grid; justify-items: center; gap: 0.5rem; text-align: center; font-size: 0.875em; color: var(--_muted); }
.steps li::before { content: ''; position: absolute; top: 0.8rem; inset-inline: -50% 50%; height: 2px; background: var(--_line); }
.steps li:first-child::before { display: none; }
.steps .done { color: var(--_text); font-weight: 500; }
.steps .done::before { background: var(--_good); }
.pin { position: relative; z-index: 1; display: grid; place-items: center; width: 1.625rem; height: 1.625rem; border-radius: 50%; background: var(--_surface); border: 2px solid var(--_line); }
.done .pin { background: var(--_good); border-color: var(--_good); color: light-dark(#fff, #0c1512); }
.pin svg { width: 0.875rem; height: 0.875rem; stroke-width: 2.5; }
.lines { display: grid; gap: 0.875rem; padding-block: 1.5rem; border-block: 1px solid var(--_line); }
.lines li { display: grid; grid-template-columns: 3.5rem minmax(0, 1fr) auto; gap: 0.875rem; align-items: center; line-height: 1.35; }
.lines .tile { border-radius: 8px; }
.block { display: block; }
.subtitle { margin-bottom: 0.25rem; }
.wait .bone { margin-bottom: 1rem; } .bone.tall { min-height: 18rem; }
`;
