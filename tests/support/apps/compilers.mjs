// The compilers for the snippets of docs/apps, where they are; on CI Kotlin's comes from npm, into this project's cache.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

import { cacheDir } from "../../../scripts/lib/paths.mjs";
import { ask, mustRun } from "../../../scripts/lib/run.mjs";

const KOTLIN = "kotlin-compiler@2.4.20";
/** org.json as Android has it: Debian's libandroid-json-java. */
const ANDROID_JSON = "/usr/share/java/com.android.json.jar";

/** `{ compile, run }` for Kotlin on the JVM, or `{ missing }`: why not. */
export async function kotlin() {
  if ((await ask("java", ["--version"])) === null) return { missing: "no Java" };
  if (!existsSync(ANDROID_JSON)) return { missing: `no ${ANDROID_JSON} (Debian's libandroid-json-java)` };
  const home = join(cacheDir, "tools", KOTLIN.replace("@", "-"));
  const lib = join(home, "node_modules", "kotlin-compiler", "lib");
  if (!existsSync(lib)) {
    if (!process.env.CI) return { missing: `no Kotlin compiler; CI=true fetches it (npm's ${KOTLIN}, 90 MB)` };
    mkdirSync(home, { recursive: true });
    await mustRun("npm", ["install", "--no-save", "--no-audit", "--no-fund", "--prefix", home, KOTLIN]);
  }
  const jars = (names) => names.map((name) => join(lib, `${name}.jar`)).join(delimiter);
  const own = jars([
    "kotlin-compiler",
    "kotlin-stdlib",
    "kotlin-script-runtime",
    "kotlin-reflect",
    "kotlinx-coroutines-core-jvm",
    "annotations-13.0",
  ]);
  const used = `${jars(["kotlin-stdlib", "kotlinx-coroutines-core-jvm"])}${delimiter}${ANDROID_JSON}`;
  const compiler = "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler";
  return {
    compile: (files, out) =>
      mustRun(
        "java",
        ["-cp", own, compiler, "-Werror", "-no-stdlib", "-no-reflect", "-cp", used, "-d", out, ...files],
        { failure: "The Kotlin compiler" },
      ),
    run: (out, args) => mustRun("java", ["-cp", `${out}${delimiter}${used}`, "com.example.wallet.MainKt", ...args]),
  };
}

/** `{ compile, run }` for Swift, or `{ missing }`: why not. */
export async function swift() {
  if ((await ask("swiftc", ["--version"])) === null) return { missing: "no swiftc in PATH" };
  return {
    async compile(files, stub, out) {
      mkdirSync(out, { recursive: true });
      const module = ["-parse-as-library", "-emit-module", "-emit-library", "-static", "-module-name", "PortalSwift"];
      await mustRun("swiftc", [
        ...module,
        "-emit-module-path",
        join(out, "PortalSwift.swiftmodule"),
        "-o",
        join(out, "libPortalSwift.a"),
        stub,
      ]);
      await mustRun("swiftc", [
        "-warnings-as-errors",
        "-I",
        out,
        "-L",
        out,
        "-lPortalSwift",
        "-o",
        join(out, "app"),
        ...files,
      ]);
    },
    run: (out, args) => mustRun(join(out, "app"), args),
  };
}

/** What an app's own project has: the SDKs, whose types are their sources, and the types of what these import. */
const TYPES = [
  "@portal-hq/web@3.4.1",
  ...["core", "utils", "connect", "keychain", "provider", "swaps"].map((name) => `@portal-hq/${name}@4.9.0`),
  "@react-native-async-storage/async-storage@3.1.1",
  "@types/react@19.2.2",
  // React Native's types by themselves: the package brings 200 others.
  "@types/react-native@0.72.8",
  "react-native-keychain@10.0.0",
  "typescript@7.0.2",
];

/**
 * `{ compile }` for TypeScript in a plain strict project with Portal's real packages, or `{ missing }`: why not. `compile` takes
 * the files by name, and resolves with the compiler's complaints.
 */
export async function typescript() {
  const home = join(
    cacheDir,
    "tools",
    `portal-types-${createHash("sha256").update(TYPES.join()).digest("hex").slice(0, 12)}`,
  );
  const done = join(home, "installed");
  if (!existsSync(done)) {
    if (!process.env.CI) return { missing: "Portal's packages are not here; CI=true fetches them (npm, 73 packages)" };
    mkdirSync(home, { recursive: true });
    await mustRun("npm", [
      "install",
      "--no-save",
      "--ignore-scripts",
      "--legacy-peer-deps",
      "--no-audit",
      "--no-fund",
      "--prefix",
      home,
      ...TYPES,
    ]);
    writeFileSync(done, "");
  }
  return {
    async compile(files) {
      // Inside the project, for the packages are found from where a file stands.
      const project = mkdtempSync(join(home, "project-"));
      try {
        for (const [name, text] of Object.entries(files)) writeFileSync(join(project, name), text);
        const options = {
          strict: true,
          noEmit: true,
          skipLibCheck: true,
          target: "es2022",
          module: "esnext",
          moduleResolution: "bundler",
          lib: ["es2022", "dom"],
          jsx: "react-jsx",
        };
        writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions: options }));
        const tsc = join(home, "node_modules", "typescript", "bin", "tsc");
        const { status, stdout } = spawnSync(process.execPath, [tsc, "--project", project, "--pretty", "false"], {
          cwd: project,
          encoding: "utf8",
        });
        return status === 0 ? "" : stdout;
      } finally {
        rmSync(project, { recursive: true, force: true });
      }
    },
  };
}
