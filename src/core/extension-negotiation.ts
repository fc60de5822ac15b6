// Knows what both sides do alike when they negotiate extensions (RFC 6455 §9.1). Knows neither side's rules.
import { NegotiationError } from './exceptions/handshake-errors.ts';
import type { Extension, ExtensionName } from './extension.ts';

/**
 * What the first factory of this name makes of the other side's parameters; null when all of them decline.
 *
 * @param negotiate asks one factory. A NegotiationError means: not this one, try the next.
 */
export function firstThatFits<Factory extends { readonly name: ExtensionName }, Result>(
  factories: readonly Factory[],
  name: ExtensionName,
  negotiate: (factory: Factory) => Result,
): Result | null {
  for (const factory of factories) {
    if (factory.name !== name) continue;
    try {
      return negotiate(factory);
    } catch (error) {
      // Declined: another factory of the same name may have other limits.
      if (!NegotiationError.is(error)) throw error;
    }
  }
  return null;
}

/** Runs the rest of a handshake. If it fails, the extensions that were made until then never see a connection: they end. */
export function closingOnFailure<Result>(extensions: readonly Extension[], rest: () => Result): Result {
  try {
    return rest();
  } catch (error) {
    for (const extension of extensions) extension.close?.();
    throw error;
  }
}
