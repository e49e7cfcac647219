#!/usr/bin/env bash
# Portal's npm packages: their types are their TypeScript sources, so an app's compiler options judge them.
#
# @portal-hq/web 3.4.1 and @portal-hq/core 4.9.0, with typescript 7.0.2.
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
  @portal-hq/web@3.4.1 @portal-hq/{core,utils,connect,keychain,provider,swaps}@4.9.0 typescript@7.0.2 @types/react@19.2.2

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
# Counts the errors: in the app's own files, and in each of the packages' sources.
compile() {
  npx tsc --noEmit --strict --skipLibCheck --target es2022 --module esnext --moduleResolution bundler web.ts native.ts "$@" >out.txt || true
  own=$(grep -cE "^(web|native)\.ts.*error TS" out.txt || true)
  web=$(grep -c "^node_modules/@portal-hq/web/.*error TS" out.txt || true)
  core=$(grep -cE "^node_modules/@portal-hq/(core|utils|connect|provider|keychain|swaps)/.*error TS" out.txt || true)
}
compile --lib es2022,dom
[ "$own $web $core" = "0 0 0" ] || { echo "changed: under strict: $own, $web, $core"; exit 1; }
for option in verbatimModuleSyntax noUncheckedIndexedAccess exactOptionalPropertyTypes erasableSyntaxOnly \
  noPropertyAccessFromIndexSignature; do
  compile --lib es2022,dom "--$option"
  echo "$option: $own errors in the app, $web in @portal-hq/web, $core in @portal-hq/core and its parts"
  [ "$own" = 0 ] && [ "$web" -gt 0 ] && [ "$core" -gt 0 ] || { echo changed; exit 1; }
done
compile --lib es2022,dom --isolatedModules
[ "$own $web" = "0 0" ] && [ "$core" -gt 0 ] || { echo "changed: isolatedModules: $own, $web, $core"; exit 1; }
compile --lib es2022
[ "$core" -gt 0 ] || { echo "changed: without the DOM: $own, $web, $core"; exit 1; }
echo "as stated: @portal-hq/web 3.4.1, @portal-hq/core 4.9.0, typescript 7.0.2"
