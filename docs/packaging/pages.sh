#!/usr/bin/env bash
# What a package has beside the program: manual pages and completions, made by the program itself.
#
#     docs/packaging/pages.sh target/release/results        # into target/package
set -euo pipefail
program=$(realpath "$1")
to=$(realpath "$(dirname "$0")/../..")/target/package
rm -rf "$to"
mkdir -p "$to"
"$program" man "$to/man"
for shell in bash zsh fish; do "$program" completions "$shell" >"$to/results.$shell"; done
