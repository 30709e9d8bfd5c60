/** The part of the WebAssembly interface that is used here; Node's types leave it out. */
declare const WebAssembly: {
  readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
};

const WASM_PAGE_BYTES = 65_536;

/**
 * Zeroed memory that begins at a page boundary, as the kernel wants it for direct writes. An
 * ordinary ArrayBuffer begins anywhere; that of a WebAssembly memory is mapped page by page.
 */
export const alignedBytes = (byteLength: number): Uint8Array =>
  new Uint8Array(
    new WebAssembly.Memory({ initial: Math.ceil(byteLength / WASM_PAGE_BYTES) }).buffer,
    0,
    byteLength,
  );
