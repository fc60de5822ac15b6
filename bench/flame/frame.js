// A frame of a stack: what it is called, and whose code it is. Knows what perf and V8 write.

/** A line of `perf script`: `    14c05fb uv__io_poll (/usr/bin/node)`. */
export function frameOfPerf(line) {
  const [, symbol, object] = /^\s*[0-9a-f]+ (.*) \(([^()]*|\[.*\])\)$/.exec(line) ?? [null, '[unknown]', ''];
  if (object.startsWith('[kernel') || object.startsWith('[guest')) {
    return { name: symbol.replace(/(\.(part|isra|constprop)\.\d+)+$/, ''), owner: 'kernel' };
  }
  // `JS:*#onRead file:///…/dist/node/handle-transport.js:128:19`; the signs say which compiler made it.
  const script = /^(?:JS|LazyCompile|Function):[*~^+']*(\S.*?)?(?: (file:\/\/\S+|node:\S+?))?(?::\d+:\d+)?$/.exec(
    symbol,
  );
  if (script !== null) return { name: scriptName(script[1], script[2]), owner: 'script' };
  if (symbol.startsWith('v8::') || symbol.startsWith('Builtins_')) return { name: nativeName(symbol), owner: 'v8' };
  return { name: nativeName(symbol), owner: object.includes('perf-') ? 'v8' : 'node' };
}

/** A node of V8's profile. Whatever is not JavaScript it calls `(program)`, the system's calls included. */
export function frameOfV8({ functionName, url }) {
  if (functionName === '(program)' || (url === '' && functionName !== '(garbage collector)')) {
    return { name: functionName, owner: 'node' };
  }
  if (url === '') return { name: functionName, owner: 'v8' };
  return { name: scriptName(functionName, url), owner: 'script' };
}

/** `#onRead, handle-transport.js` */
function scriptName(name = '', url = '') {
  const file = url.slice(url.lastIndexOf('/') + 1).replace(/:\d.*$/, '');
  return [name === '' ? '(anonymous)' : name, file].filter((part) => part !== '').join(', ');
}

/** A name of C++ without parameters, templates and the names of namespaces that say nothing. */
function nativeName(symbol) {
  let name = symbol.replaceAll('(anonymous namespace)::', '').replace('non-virtual thunk to ', '');
  for (let shorter = ''; shorter !== name; ) {
    shorter = name;
    name = name.replace(/<[^<>]*>/g, '').replace(/\([^()]*\)/g, '');
  }
  return name.replace('v8::internal::', 'v8::').replace(/^Builtins_/, '');
}

const SAYS_NOTHING =
  /^(entry_SYSCALL_64\w*|do_syscall_64|x64_sys_call|__x64_sys_\w+|JSEntry\w*|v8::Invoke|v8::Execution::Call|v8::Function::Call|InterpreterEntryTrampoline|CallApiCallback\w*|.*::_FUN|node::StreamBase::JSMethod)$/;

/**
 * The stack as it is drawn: from the event loop up, without what every call passes through. Where the sample was taken always
 * stays.
 */
export function readable(stack) {
  const loop = stack.findIndex(({ name }) => name === 'uv_run');
  return stack
    .slice(Math.max(loop, 0))
    .filter(({ name }, i, { length }) => i === length - 1 || !SAYS_NOTHING.test(name));
}
