// The bill of materials, in CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/): the crates in the wasm, and the npm packages
// that deploy it. The same sources give the same bytes: there is no time in it, and its serial number is made of its content.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

import { Failure } from "../log.mjs";
import { inRoot } from "../paths.mjs";
import { mustRun } from "../run.mjs";

/** The bill of materials of a release of this version and digest. `packages` is what its package-lock.json lists. */
export async function billOfMaterials({ name, version, digest, packages }) {
  const bom = {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: {
        type: "application",
        "bom-ref": `${name}@${version}`,
        name,
        version,
        licenses: [{ expression: "MIT OR Apache-2.0" }],
        hashes: [{ alg: "SHA-256", content: digest }],
      },
    },
    components: [...(await crates()), ...npmPackages(packages)],
  };
  const id = createHash("sha256").update(JSON.stringify(bom)).digest("hex");
  const variant = ((Number.parseInt(id[16], 16) & 3) | 8).toString(16);
  const uuid = [id.slice(0, 8), id.slice(8, 12), `8${id.slice(13, 16)}`, variant + id.slice(17, 20), id.slice(20, 32)];
  return { ...bom, serialNumber: `urn:uuid:${uuid.join("-")}` };
}

/** The crates that the wasm is compiled of, those that only write its code (proc macros) among them. */
async function crates() {
  const args = ["metadata", "--format-version=1", "--locked", "--filter-platform=wasm32-unknown-unknown"];
  const { stdout } = await mustRun("cargo", args, { failure: "cargo metadata" });
  const { packages, resolve } = JSON.parse(stdout);
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
  const reached = new Set();
  const reach = (id) => {
    if (reached.has(id)) return;
    reached.add(id);
    for (const { pkg, dep_kinds } of nodes.get(id).deps) {
      if (dep_kinds.some(({ kind }) => kind === null)) reach(pkg);
    }
  };
  reach(resolve.root);
  const lock = readFileSync(inRoot("Cargo.lock"), "utf8");
  return packages
    .filter(({ id }) => reached.has(id) && id !== resolve.root)
    .map(({ name, version, license }) => {
      const checksum = lock.match(
        new RegExp(`name = "${name}"\\nversion = "${version.replaceAll(/[.+]/g, "\\$&")}"\\n.*\\nchecksum = "(\\w+)"`),
      );
      if (!checksum) throw new Failure(`Cargo.lock has no checksum of ${name} ${version}.`);
      return component({
        purl: `pkg:cargo/${name}@${version}`,
        name,
        version,
        license,
        hash: { alg: "SHA-256", content: checksum[1] },
        scope: "required",
      });
    });
}

/** They are not in the Worker: they deploy and operate it. */
function npmPackages(packages) {
  return Object.entries(packages)
    .filter(([path]) => path !== "")
    .map(([path, { version, license, integrity }]) => {
      const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
      return component({
        purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
        name,
        version,
        license,
        hash: { alg: "SHA-512", content: Buffer.from(integrity.replace("sha512-", ""), "base64").toString("hex") },
        scope: "excluded",
      });
    })
    .filter(({ "bom-ref": ref }, at, all) => all.findIndex((other) => other["bom-ref"] === ref) === at);
}

const component = ({ purl, name, version, license, hash, scope }) => ({
  type: "library",
  "bom-ref": purl,
  name,
  version,
  scope,
  hashes: [hash],
  ...(license ? { licenses: [{ expression: license.replaceAll("/", " OR ") }] } : {}),
  purl,
});
