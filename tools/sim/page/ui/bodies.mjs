// How each board looks from the front, as SVG. `display` is where the glass is, in the drawing's units.

const DEFS = `
<defs>
  <linearGradient id="shell" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#4a4f57"/><stop offset="1" stop-color="#2f333a"/></linearGradient>
  <linearGradient id="face" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#17191c"/><stop offset="1" stop-color="#0c0d0f"/></linearGradient>
  <radialGradient id="eye"><stop offset="0" stop-color="#223352"/><stop offset="0.45" stop-color="#0a0d16"/><stop offset="1" stop-color="#050608"/></radialGradient>
  <filter id="soft" x="-50%" y="-50%" width="200%" height="200%"><feGaussianBlur stdDeviation="14"/></filter>
  <filter id="glow" x="-200%" y="-400%" width="500%" height="900%"><feGaussianBlur stdDeviation="26"/></filter>
</defs>`;

const lens = (x, y, k) => `
<g transform="translate(${x} ${y}) scale(${k})">
  <circle r="58" fill="#22252a"/><circle r="50" fill="#0c0d0f"/><circle r="36" fill="#181b22"/>
  <circle r="30" fill="url(#eye)"/><ellipse cx="-10" cy="-12" rx="7" ry="6" fill="#7890b0"/><circle cx="10" cy="10" r="3" fill="#404e6e"/>
</g>`;

const lamp = (x, y, width, height) => `
<rect id="shine" x="${x - 16}" y="${y - 14}" width="${width + 32}" height="${height + 28}" rx="24" fill="#000" opacity="0" filter="url(#glow)"/>
<rect id="lamp" x="${x}" y="${y}" width="${width}" height="${height}" rx="${height / 2.4}" fill="#8b9097"/>`;

const CORES3 = {
  box: [40, 30, 760, 890],
  display: [100, 150, 640, 480],
  drawing: `${DEFS}
<rect x="66" y="116" width="708" height="794" rx="40" fill="#000" opacity="0.28" filter="url(#soft)"/>
${lamp(320, 60, 200, 44)}
<rect x="60" y="96" width="720" height="794" rx="40" fill="url(#shell)"/>
<rect x="78" y="114" width="684" height="758" rx="26" fill="url(#face)"/>
${lens(420, 752, 1)}
<g fill="#2c2f34"><circle cx="205" cy="752" r="3.4"/><circle cx="217" cy="752" r="3.4"/><circle cx="229" cy="752" r="3.4"/></g>
<path d="M78 140 Q78 114 104 114 H420 L250 872 H104 Q78 872 78 846 Z" fill="#fff" opacity="0.022"/>`,
};

const EYE = {
  box: [120, 20, 600, 910],
  display: [180, 330, 480, 480],
  drawing: `${DEFS}
<rect x="146" y="66" width="548" height="844" rx="46" fill="#000" opacity="0.28" filter="url(#soft)"/>
<rect x="140" y="50" width="560" height="840" rx="44" fill="#e9e7e2"/>
<rect x="140" y="50" width="560" height="840" rx="44" fill="none" stroke="#cfccc4" stroke-width="3"/>
<rect x="158" y="300" width="524" height="540" rx="20" fill="url(#face)"/>
${lens(420, 182, 1.25)}
${lamp(612, 92, 34, 22)}
<g fill="#b9b5ab"><circle cx="236" cy="866" r="7"/><circle cx="420" cy="866" r="7"/><circle cx="604" cy="866" r="7"/></g>`,
};

const hole = (x, y) => `<circle cx="${x}" cy="${y}" r="9" fill="#c8a548"/><circle cx="${x}" cy="${y}" r="5" fill="#101418"/>`;

// Breakout boards behind the openings of a printed case.
const PICO = {
  box: [140, 20, 560, 910],
  display: [220, 400, 400, 400],
  drawing: `${DEFS}
<rect x="166" y="66" width="508" height="844" rx="40" fill="#000" opacity="0.28" filter="url(#soft)"/>
<rect x="160" y="50" width="520" height="840" rx="38" fill="#5d6b78"/>
<rect x="160" y="50" width="520" height="840" rx="38" fill="none" stroke="#4a5661" stroke-width="3"/>
<rect x="322" y="92" width="196" height="196" rx="12" fill="#14181c"/>
${hole(340, 110)}${hole(500, 110)}${hole(340, 270)}${hole(500, 270)}
${lens(420, 190, 1.1)}
${lamp(572, 104, 56, 24)}
<rect x="190" y="336" width="460" height="510" rx="14" fill="#17314d"/>
${hole(208, 354)}${hole(632, 354)}${hole(208, 828)}${hole(632, 828)}
<rect x="210" y="390" width="420" height="420" rx="6" fill="url(#face)"/>`,
};

const BODIES = { m5stack_cores3: CORES3, esp32_s3_eye: EYE, pico2w_arducam: PICO };

/** Return the drawing of a board: {box, display, drawing}; one without its own has a plain case. */
export const bodyOf = (board) => BODIES[board] ?? CORES3;
