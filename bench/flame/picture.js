// A tree of calls as a flame graph: SVG for light and dark, with every call's name and part in its title.
const WIDTH = 1000;
const MARGIN = 10;
const LINE = 17;
const TOP = 64;
/** Of the monospaced font of the labels. */
const CHARACTER = 6.05;

export function picture(tree, { title, subtitle, owners, shares }) {
  const depth = depthOf(tree);
  const height = TOP + depth * LINE + MARGIN;
  const scale = (WIDTH - 2 * MARGIN) / tree.count;
  const parts = [];
  draw(tree, MARGIN, height - MARGIN - LINE);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escaped(title)}">
<style>
text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328; }
.title { font-size: 15px; font-weight: 600; }
.faint { fill: #59636e; }
g text { font: 10px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
.page { fill: #ffffff; }
.kernel { fill: #f4c7a1; } .node { fill: #cfd6dd; } .v8 { fill: #bfe3c0; } .script { fill: #a9cdfb; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.faint { fill: #9198a1; }
.page { fill: #0d1117; }
.kernel { fill: #7d4a1e; } .node { fill: #3d444d; } .v8 { fill: #23602c; } .script { fill: #1f4f96; }
}
</style>
<rect class="page" width="${WIDTH}" height="${height}" rx="6"/>
<text x="${MARGIN}" y="22" class="title">${escaped(title)}</text>
<text x="${WIDTH - MARGIN}" y="22" class="faint" text-anchor="end">${escaped(subtitle)}</text>
${legend(owners, shares)}
${parts.join('\n')}
</svg>
`;

  function draw({ names, owner, count, children }, x, y) {
    const width = count * scale;
    const part = `${names.join(' › ')}: ${percent(count / tree.count)}`;
    const label = fitting(names, Math.floor((width - 6) / CHARACTER));
    const text = label === '' ? '' : `<text x="${round(x + 3)}" y="${y + 12}">${escaped(label)}</text>`;
    const box = `<rect x="${round(x)}" y="${y}" width="${round(Math.max(width - 0.7, 0.4))}" height="${LINE - 1}" rx="1.5" class="${owner}"/>`;
    parts.push(`<g><title>${escaped(part)}</title>${box}${text}</g>`);
    for (const child of children) {
      draw(child, x, y - LINE);
      x += child.count * scale;
    }
  }
}

/** What a colour means, and how much of the time was spent in it. */
function legend(owners, shares) {
  let x = MARGIN;
  return Object.entries(owners)
    .map(([owner, name]) => {
      const text = `${name} ${percent(shares[owner] ?? 0)}`;
      const entry = `<rect x="${x}" y="38" width="12" height="12" rx="2" class="${owner}"/><text x="${x + 18}" y="48">${text}</text>`;
      x += 50 + text.length * 6.5;
      return entry;
    })
    .join('\n');
}

const depthOf = ({ children }) => 1 + Math.max(0, ...children.map(depthOf));

/** As many names as there is room for: all, the first and the last, the first, its beginning, nothing. */
function fitting(names, characters) {
  const [first] = names;
  const candidates = [names.join(' › '), `${first} › … › ${names.at(-1)}`, first];
  const label = candidates.find((text) => text.length <= characters);
  if (label !== undefined) return label;
  return characters < 4 ? '' : `${first.slice(0, characters - 1)}…`;
}

export const percent = (part) => `${Number((100 * part).toFixed(part < 0.1 ? 1 : 0))} %`;
const round = (value) => Number(value.toFixed(1));
const escaped = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
