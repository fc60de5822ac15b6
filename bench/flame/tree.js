// Stacks folded into a tree: how many samples were taken within each call. Knows no profiler and no picture.

/** A call, with all samples that were taken in it and in what it calls. */
const node = ({ name, owner }) => ({ name, owner, count: 0, children: new Map() });

export function fold(stacks) {
  const root = node({ name: 'all', owner: 'node' });
  for (const stack of stacks) {
    let at = root;
    at.count += 1;
    for (const frame of stack) {
      const key = `${frame.owner} ${frame.name}`;
      if (!at.children.has(key)) at.children.set(key, node(frame));
      at = at.children.get(key);
      at.count += 1;
    }
  }
  return root;
}

/** From here on a call is nothing but its callee: the rest is noise. */
const PASSES_ON = 0.96;

/**
 * The tree as it is drawn: calls with few samples left out, and a call that only passes on to another of the same owner as
 * one with it. `names` has all of theirs.
 */
export function drawable({ name, owner, count, children }, least) {
  const names = [name];
  let below = largeOnes(children, least);
  while (below.length === 1 && below[0].owner === owner && below[0].count >= count * PASSES_ON) {
    names.push(below[0].name);
    below = largeOnes(below[0].children, least);
  }
  return { names, owner, count, children: below.map((child) => drawable(child, least)) };
}

const largeOnes = (children, least) =>
  [...children.values()].filter(({ count }) => count >= least).toSorted((a, b) => b.count - a.count);

/** How large a part of the samples was taken in the code of each owner itself. */
export function ownShares(stacks) {
  const shares = {};
  for (const stack of stacks) {
    const { owner } = stack.at(-1);
    shares[owner] = (shares[owner] ?? 0) + 1 / stacks.length;
  }
  return shares;
}
