// The package's entry for extensions under a path, for the same reason as websockets.ts.
export * from 'websockets-ts/extensions';
