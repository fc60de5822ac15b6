// For classes of an entry that only complete one of the core, with what the runtime has: `instanceof` takes both for one,
// since `connect` and `serve` make those of the core.

type AnyClass = abstract new (...args: never) => object;

/**
 * What `instanceof asked` says where `asked` inherits its `Symbol.hasInstance` from the entry's class: of that class all
 * objects of the core's class are instances, of classes below it their own only.
 */
export function isInstance(
  value: unknown,
  asked: AnyClass,
  { entry, core }: Record<'entry' | 'core', AnyClass>,
): boolean {
  return asked === entry ? value instanceof core : Function.prototype[Symbol.hasInstance].call(asked, value);
}
