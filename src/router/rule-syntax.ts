// Reads patterns such as `/echo/<int:count>`: the syntax of the reference. Knows no converters by name.
import { type ConverterArguments, ConverterProblem, type Converters, parameterKind } from './converter.ts';
import { type PathNode, sequence, text } from './path-node.ts';
import { type Parameter, type PathPattern, type RankedPiece, rankSegments } from './path-pattern.ts';

/** `<name>`, `<converter:name>` or `<converter(arguments):name>`. */
const PARAMETER = /<(?:([a-zA-Z_]\w*)(?:\(([^)]*)\))?:)?([a-zA-Z_]\w*)>/y;
const STATIC = /[^<]+/y;
/** One argument: a word, a number or a quoted text, with a name or without. */
const ARGUMENT = /\s*(?:(\w+)\s*=\s*)?(?:"([^"]*)"|'([^']*)'|([-+\w.]+))\s*(?:,|$)/y;

/**
 * @throws {TypeError} the path is no such pattern; the message does not name it.
 */
export function parseRulePath(path: string, converters: Converters): PathPattern {
  if (!path.startsWith('/')) throw new TypeError('a path begins with a slash');
  if (/[?#]/.test(path)) throw new TypeError('a path has neither a query nor a fragment');
  // Nobody means this literally, and nothing would ever match: said now, and not by 404s.
  const stranger = /\/:[a-zA-Z_]\w*/.exec(path);
  if (stranger !== null) {
    const name = stranger[0].slice(2);
    throw new TypeError(`a parameter is written <${name}>; for the syntax of URLPattern give urlPattern(…)`);
  }
  const nodes: PathNode[] = [];
  const parameters: Parameter[] = [];
  const pieces: RankedPiece[] = [];
  for (let at = 0; at < path.length; ) {
    STATIC.lastIndex = PARAMETER.lastIndex = at;
    const [fixed] = STATIC.exec(path) ?? [];
    if (fixed !== undefined) {
      nodes.push(text(fixed));
      pieces.push({ text: fixed });
      at += fixed.length;
      continue;
    }
    const match = PARAMETER.exec(path);
    if (match === null) throw new TypeError(`not a parameter: ${path.slice(at)}`);
    const [whole, converter = 'string', args = '', name] = match;
    if (parameters.some((parameter) => parameter.name === name)) throw new TypeError(`<${name}> stands there twice`);
    const { node, toValue, acceptsSlashes, weight } = kindOf(whole, converter, args, converters);
    nodes.push({ kind: 'capture', index: parameters.length, node });
    parameters.push({ name: name!, toValue });
    pieces.push({ weight, spansSegments: acceptsSlashes });
    at += whole.length;
  }
  return { node: sequence(...nodes), parameters, ranks: rankSegments(pieces) };
}

function kindOf(
  whole: string,
  converter: string,
  args: string,
  converters: Converters,
): ReturnType<typeof parameterKind> {
  try {
    return parameterKind(converter, parseArguments(args), converters);
  } catch (error) {
    if (error instanceof ConverterProblem) throw new TypeError(`${whole}: ${error.message}`, { cause: error });
    throw error;
  }
}

function parseArguments(source: string): ConverterArguments {
  const values: string[] = [];
  const named = new Map<string, string>();
  for (let at = 0; at < source.trimEnd().length; at = ARGUMENT.lastIndex) {
    ARGUMENT.lastIndex = at;
    const match = ARGUMENT.exec(source);
    if (match === null) throw new ConverterProblem(`cannot read the arguments (${source})`);
    const [, name, double, single, word] = match;
    const value = double ?? single ?? word ?? '';
    if (name === undefined) values.push(value);
    else if (named.has(name)) throw new ConverterProblem(`${name} is given twice`);
    else named.set(name, value);
  }
  return { values, named };
}
