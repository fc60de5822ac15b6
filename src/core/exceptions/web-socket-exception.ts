// The root of our errors: name, code, cause, and being recognised by other copies of the package. Knows no subclass.
import { escapeText } from '../escape-text.ts';
import { BRAND, brandClass, codeOf, type ExceptionName, lineageOf, ownName, withCause } from './names.ts';

/**
 * Base of every error that is about WebSocket. Network errors of the runtime are not wrapped and stay outside.
 *
 * Branch on the class or on `code`, not on the message.
 */
export class WebSocketException extends Error {
  static {
    brandClass(this, 'WebSocketException');
  }

  /**
   * A stable string: the class name in capitals (`CONNECTION_CLOSED_OK`), but for {@link ProtocolError}, where it names
   * the rule that was broken. Never a close code.
   */
  readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    // Header values and close reasons of a peer stand in messages, and messages in logs.
    super(escapeText(message), withCause(options));
    ownName(this);
    this.code = codeOf(brandOf(this)![0]!);
  }

  /**
   * Whether the value is an error of this class or of one below it, made by whichever copy of the package in whichever
   * realm. Where `instanceof` knows one class object, this knows the name.
   *
   * A structured clone (`postMessage`) has lost its class, name and fields; it is recognised by the first line of its
   * stack where the runtime copies that (V8 does).
   *
   * On a class of your own that extends one of ours this is `instanceof`: we do not know its name.
   */
  static is<Class extends abstract new (...args: never) => WebSocketException>(
    this: Class,
    value: unknown,
  ): value is InstanceType<Class> {
    if (!Object.hasOwn(this.prototype, BRAND)) return value instanceof this;
    const name = brandOf(this.prototype)?.[0];
    return name !== undefined && (brandOf(value) ?? brandOfClone(value))?.includes(name) === true;
  }

  /** Name, code, message and the public fields: what `JSON.stringify` shows. */
  toJSON(): Record<string, unknown> {
    const head: Record<string, unknown> = { name: this.name, code: this.code, message: this.message };
    return Object.assign(head, this);
  }
}

function brandOf(value: unknown): readonly ExceptionName[] | null {
  if (typeof value !== 'object' || value === null) return null;
  const brand: unknown = Reflect.get(value, BRAND);
  return Array.isArray(brand) ? brand : null;
}

/** The brand of an error that lost it on its way through a structured clone: what is left of its name is in the stack. */
function brandOfClone(value: unknown): readonly ExceptionName[] | null {
  if (typeof value !== 'object' || value === null) return null;
  const { name, message, stack } = value as Partial<Error>;
  if (name !== 'Error' || typeof stack !== 'string') return null;
  const end = stack.search(/[:\n]|$/);
  const rest = stack.slice(end);
  return message === '' || rest.startsWith(`: ${message}`) ? lineageOf(stack.slice(0, end)) : null;
}
