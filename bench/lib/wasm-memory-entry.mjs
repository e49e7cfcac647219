import "./wasm-memory.mjs";
export { default } from "./src/entry.js";
