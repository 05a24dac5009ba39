#!/usr/bin/env bash
# Clean builds of the least crate that trains with gradsmith, burn or candle, and of gradsmith's examples: wall time,
# processor time, crates. Names (gradsmith burn candle examples) choose among them. What is to be downloaded is fetched first.
set -euo pipefail
cd "$(dirname "$0")"
[ $# -gt 0 ] || set -- gradsmith burn candle examples
target=$(mktemp -d)
trap 'rm -rf "$target"' EXIT
export CARGO_TARGET_DIR=$target CARGO_TERM_COLOR=never CARGO_INCREMENTAL=0 TIMEFORMAT='%R s, %U + %S s of processor time'

for name in "$@"; do
    if [ "$name" = examples ]; then
        where=(--manifest-path ../../../Cargo.toml --examples)
    else
        where=(--manifest-path "$name/Cargo.toml")
    fi
    cargo fetch --quiet "${where[@]:0:2}"
    for profile in dev release; do
        rm -rf "${target:?}"/*
        printf '%s, %s: ' "$name" "$profile"
        time cargo build --profile "$profile" "${where[@]}" 2> "$target/log"
        printf '    %s crates\n' "$(grep -c Compiling "$target/log")"
    done
done
