// The functions of this package under the names that they have in Python. A name is a line; what it does stands where it is made.

export {
  backoff,
  getProxy as get_proxy,
  parseProxy as parse_proxy,
  processException as process_exception,
} from '../client.ts';
export {
  enableClientPermessageDeflate as enable_client_permessage_deflate,
  enableServerPermessageDeflate as enable_server_permessage_deflate,
} from '../extensions.ts';
export {
  buildAuthorizationBasic as build_authorization_basic,
  buildExtension as build_extension,
  buildHost as build_host,
  buildSubprotocol as build_subprotocol,
  buildWwwAuthenticateBasic as build_www_authenticate_basic,
  parseAuthorizationBasic as parse_authorization_basic,
  parseConnection as parse_connection,
  parseExtension as parse_extension,
  parseSubprotocol as parse_subprotocol,
  parseUpgrade as parse_upgrade,
  validateSubprotocols as validate_subprotocols,
} from '../headers.ts';
export {
  acceptKey as accept_key,
  applyMask as apply_mask,
  generateKey as generate_key,
  parseUri as parse_uri,
} from '../protocol.ts';
export { unixRoute as unix_route } from '../router.ts';
export { basicAuth as basic_auth } from '../server.ts';
