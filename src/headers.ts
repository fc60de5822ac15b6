// The public door to the header grammars: `websockets-ts/headers`.
export {
  buildAuthorizationBasic,
  buildWwwAuthenticateBasic,
  type Challenge,
  parseAuthorizationBasic,
  parseChallenges,
  parseCredentials,
} from './core/auth-grammar.ts';
export type { ExtensionHeader, ExtensionName, ExtensionParameter } from './core/extension.ts';
export {
  buildExtension,
  buildSubprotocol,
  parseConnection,
  parseExtension,
  parseSubprotocol,
  parseUpgrade,
  validateSubprotocols,
} from './core/header-grammar.ts';
export { buildHost } from './core/uri.ts';
