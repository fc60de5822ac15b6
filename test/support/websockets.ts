// The package under a path: test/interop/ has a package.json of its own, from where the package's name leads nowhere.
export * from 'websockets-ts';
