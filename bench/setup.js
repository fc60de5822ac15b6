// Installs the libraries that the benchmarks compare with, when they are not there yet.
import { installPrivatePackage } from '../scripts/private-package.js';

installPrivatePackage(new URL('.', import.meta.url));
