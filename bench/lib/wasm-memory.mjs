// Stands in front of a Worker's entry, so that the inspector can ask how much wasm memory it has.
const { Instance } = WebAssembly;
globalThis.wasmMemory = () => 0;
WebAssembly.Instance = class extends Instance {
  constructor(module, imports) {
    super(module, imports);
    globalThis.wasmMemory = () => this.exports.memory?.buffer.byteLength ?? 0;
  }
};
