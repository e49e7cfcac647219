// The compilers for the snippets of docs/apps.md, where they are; on CI Kotlin's comes from npm, into this project's cache.

import { existsSync, mkdirSync, readdirSync } from "node:fs";
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

export const filesOf = (dir, ending) =>
  readdirSync(dir)
    .filter((name) => name.endsWith(ending))
    .map((name) => join(dir, name));
