// The public door to the header grammars: `websockets-ts/headers`.
export type { ExtensionHeader, ExtensionName, ExtensionParameter } from './core/extension.ts';
export {
  buildAuthorizationBasic,
  buildExtension,
  buildSubprotocol,
  buildWwwAuthenticateBasic,
  parseAuthorizationBasic,
  parseConnection,
  parseExtension,
  parseSubprotocol,
  parseUpgrade,
  validateSubprotocols,
} from './core/header-grammar.ts';
export { buildHost } from './core/uri.ts';
