// The memory that TCP handles read into and that frames are written from, and the masking of what stands there. Knows no
// frames and no handles.
import { applyMask, swap } from '../bytes/mask.ts';
import type { Host } from '../core/host.ts';
import { UNMASK_WASM } from './unmask-wasm.ts';

const READ_BYTES = 65_536;

/** As much of WebAssembly as is needed: its types come only with those of the DOM. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

interface UnmaskExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  /** XORs memory[at, end) with the key, the byte for `at` lowest. */
  readonly unmask: (at: number, end: number, key: number) => void;
}

const wasm: UnmaskExports | null = instantiate();

function instantiate(): UnmaskExports | null {
  try {
    const { Module, Instance } = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly;
    return new Instance(new Module(Buffer.from(UNMASK_WASM, 'base64'))).exports as UnmaskExports;
  } catch {
    return null; // No WebAssembly (--jitless), no SIMD, or no address space for its memory: the plain loop does it.
  }
}

/**
 * All connections are read into the same memory: what comes is looked at before the next read, wherever it came from. Its
 * buffer is larger than the view, so that no payload can be taken for one that has a buffer for itself.
 */
export const readBuffer: Uint8Array = new Uint8Array(
  wasm?.memory.buffer ?? new ArrayBuffer(READ_BYTES + 1),
  0,
  READ_BYTES,
);

/** The rest of that memory: for frames on their way out, since a client's have to be masked. Null without WebAssembly. */
export const writeBuffer: Uint8Array | null = wasm === null ? null : new Uint8Array(wasm.memory.buffer, READ_BYTES);

/**
 * Masks and unmasks where the bytes lie: in these buffers with SIMD, elsewhere with the plain loop. 64 B: 36 → 9 ns,
 * 16 KiB: 2.9 → 0.55 µs (bench/mask.js).
 */
export const unmask: Host['unmask'] =
  wasm === null
    ? undefined
    : (bytes, start, end, key) => {
        // WebAssembly's memory is little-endian.
        if (bytes === readBuffer) wasm.unmask(start, end, swap(key));
        else if (bytes === writeBuffer) wasm.unmask(READ_BYTES + start, READ_BYTES + end, swap(key));
        else applyMask(bytes, start, end, key);
      };
