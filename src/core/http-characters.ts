// Which characters HTTP allows where. Knows no grammar that is made of them.

/** One character of a token, as a piece of regular expressions (RFC 9110 §5.6.2). */
export const TOKEN_CHARACTER = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]";

/** The same for a field's value: HTAB, SP to `~`, and 0x80 to 0xFF as ISO-8859-1 (RFC 9110 §5.5). */
export const VALUE_CHARACTER = '[\\t\\x20-\\x7e\\x80-\\xff]';

const TOKEN = new RegExp(`^${TOKEN_CHARACTER}+$`);
const FIELD_VALUE = new RegExp(`^${VALUE_CHARACTER}*$`);

/** Whether the text is a token: the names of fields, extensions and subprotocols are. */
export const isToken = (text: string): boolean => TOKEN.test(text);

/** Whether the text may stand as the value of a header field. CR, LF and NUL may not. */
export const isFieldValue = (text: string): boolean => FIELD_VALUE.test(text);
