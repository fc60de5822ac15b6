// The version of this package, as package.json has it (a test compares them).

/** The version of this package. */
export const version: string = '0.1.0';
