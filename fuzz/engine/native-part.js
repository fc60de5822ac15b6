// Makes the native part of Jazzer.js load where the system's C library is older than the one that it was linked with.
//
// The binary asks for glibc 2.38 and GCC 13's libstdc++, for three functions that are there only because of the compiler it was
// built with. Where that is not to be had (Debian 12 has 2.36), its references to those two versions are marked as weak, and
// old-glibc.c, compiled with the system's compiler, brings the three functions. Elsewhere nothing is changed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const ADDON = path(`../node_modules/@jazzer.js/fuzzer/prebuilds/fuzzer-${process.platform}-${process.arch}.node`);
const FILL_IN = path('../../build/fuzz/old-glibc.so');
const TOO_NEW = /^(?:GLIBC_2\.38|GLIBCXX_3\.4\.32)$/;

/** What must stand in LD_PRELOAD for the fuzzer to load; empty where nothing must. */
export const preload = () => (isTooNew() ? FILL_IN : '');

/** Marks and compiles, where that is needed and not done yet. */
export function prepareNativePart() {
  if (!isTooNew()) return;
  markWeak();
  if (existsSync(FILL_IN)) return;
  mkdirSync(path('../../build/fuzz/'), { recursive: true });
  const { status, error, stderr } = spawnSync(
    process.env.CC ?? 'cc',
    ['-shared', '-fPIC', '-O1', '-o', FILL_IN, path('old-glibc.c')],
    { encoding: 'utf8' },
  );
  if (error || status !== 0) throw new Error(`cannot compile old-glibc.c: ${error?.message ?? stderr}`);
}

/** Whether the dynamic linker refuses the binary as it is, or would if it were not marked. */
function isTooNew() {
  if (process.platform !== 'linux') return false;
  process.report.excludeNetwork = true; // else it asks for the names of all addresses
  const [, minor] = process.report.getReport().header.glibcVersionRuntime?.split('.') ?? [];
  return Number(minor) < 38;
}

const SECTION_VERSION_NEEDS = 0x6ffffffe;
const FLAG_WEAK = 2;

/** Goes through the versions that an ELF file needs (`.gnu.version_r`) and marks those that are too new. Harmless when repeated. */
function markWeak() {
  const file = readFileSync(ADDON);
  const before = Buffer.from(file);
  const word = (at) => file.readUInt32LE(at);
  const long = (at) => Number(file.readBigUInt64LE(at));
  const sectionAt = (index) => long(0x28) + index * file.readUInt16LE(0x3a);
  for (let index = 0; index < file.readUInt16LE(0x3c); index++) {
    const section = sectionAt(index);
    if (word(section + 4) !== SECTION_VERSION_NEEDS) continue;
    const strings = long(sectionAt(word(section + 40)) + 24);
    const name = (offset) => file.toString('latin1', strings + offset, file.indexOf(0, strings + offset));
    let library = long(section + 24);
    for (let left = word(section + 44); left > 0; left--) {
      let version = library + word(library + 8);
      for (let count = file.readUInt16LE(library + 2); count > 0; count--) {
        if (TOO_NEW.test(name(word(version + 8)))) file[version + 4] |= FLAG_WEAK;
        version += word(version + 12);
      }
      library += word(library + 12);
    }
  }
  if (!file.equals(before)) writeFileSync(ADDON, file);
}
