// Installs the fuzzer, when it is not there yet, and makes its native part load on this system.
import { installPrivatePackage } from '../scripts/private-package.js';
import { prepareNativePart } from './engine/native-part.js';

installPrivatePackage(new URL('.', import.meta.url));
prepareNativePart();
