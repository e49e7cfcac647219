#!/usr/bin/env bash
# Portal's npm packages: their types are their TypeScript sources, so an app's compiler options judge them.
#
# @portal-hq/web 3.4.1 and @portal-hq/core 4.9.0, with typescript 5.9.3.
# Behaviour: `types` of both package.json files is "src/index", a .ts file. `skipLibCheck` skips declaration files only, so an
# app that imports them compiles them with its own options. Under plain `strict` (with the DOM's types) there is no error. Every
# one of these options, each correct in the app's own file, gives errors in node_modules: verbatimModuleSyntax,
# noUncheckedIndexedAccess, exactOptionalPropertyTypes, erasableSyntaxOnly, noPropertyAccessFromIndexSignature, isolatedModules;
# so does a `lib` without the DOM.
#
# Who is hurt: whoever adds the SDK to a project made from today's templates (Vite's sets verbatimModuleSyntax and
# erasableSyntaxOnly) sees 150 errors in files that are not theirs, and turns the checks off that would find their own.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts \
  @portal-hq/web@3.4.1 @portal-hq/{core,utils,connect,keychain,provider,swaps}@4.9.0 typescript@5.9.3 @types/react@19.2.2

cat >web.ts <<'TS'
import { BackupMethods } from '@portal-hq/web'
import type Portal from '@portal-hq/web'
export const backUp = (portal: Portal) => portal.backupWallet(BackupMethods.gdrive)
TS
cat >native.ts <<'TS'
import { BackupMethods } from '@portal-hq/core'
import type { Portal } from '@portal-hq/core'
export const backUp = (portal: Portal) => portal.backupWallet(BackupMethods.GoogleDrive)
TS
# Prints "errors in the app's file" and "errors in the packages".
compile() {
  npx tsc --noEmit --strict --skipLibCheck --target es2022 --module esnext --moduleResolution bundler "$@" >out.txt || true
  own=$(grep -c "^$1.*error TS" out.txt || true)
  packages=$(grep -c "^node_modules/@portal-hq/.*error TS" out.txt || true)
}
for app in web native; do
  compile "$app.ts" --lib es2022,dom
  [ "$own" = 0 ] && [ "$packages" = 0 ] || { echo "changed: $app under strict: $own, $packages"; exit 1; }
  for option in verbatimModuleSyntax noUncheckedIndexedAccess exactOptionalPropertyTypes erasableSyntaxOnly \
    noPropertyAccessFromIndexSignature isolatedModules; do
    compile "$app.ts" --lib es2022,dom "--$option"
    echo "$app, $option: $own in the app, $packages in Portal's packages"
    [ "$own" = 0 ] && [ "$packages" -gt 0 ] || { echo changed; exit 1; }
  done
done
compile native.ts --lib es2022
[ "$own" = 0 ] && [ "$packages" -gt 0 ] || { echo "changed: without the DOM: $own, $packages"; exit 1; }
echo "as stated: @portal-hq/web 3.4.1, @portal-hq/core 4.9.0, typescript 5.9.3"
