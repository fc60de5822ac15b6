// The entry `websockets-ts/exceptions`: every error that this package makes.
export * from './core/exceptions.ts';
export { MultipleValuesError } from './core/headers.ts';
