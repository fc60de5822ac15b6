// What commands know of the world outside: where text goes, and that somebody pressed Ctrl-C. Knows no process.

/** Somewhere to write text. */
export interface Output {
  /** Whether a person looks at it: else it is a pipe or a file, and nothing is ever taken back. */
  readonly isTerminal: boolean;
  readonly hasColors: boolean;
  write(text: string): void;
}

/** Passed to commands, so that tests can stand in for a terminal. */
export interface Terminal {
  /** Results, and what was asked for. */
  readonly out: Output;
  /** Progress and complaints. */
  readonly err: Output;
  /** Aborted when the user wants the command to come to its end. */
  readonly interrupted: AbortSignal;
}

const STYLES = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39] } as const;

/** The text in a style, where the output has colours. */
export function styled(output: Output, style: keyof typeof STYLES, text: string): string {
  if (!output.hasColors || text === '') return text;
  const [on, off] = STYLES[style];
  return `\x1b[${on}m${text}\x1b[${off}m`;
}

/** Text of a stranger, harmless to a terminal: control characters, and those that turn the direction, as escapes. */
export const printable = (text: string): string =>
  text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => {
    const code = character.codePointAt(0)!;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
