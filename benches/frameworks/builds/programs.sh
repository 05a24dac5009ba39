#!/usr/bin/env bash
# Processor time (user and system) that rustc takes for a crate itself once its dependencies are built: programs as users
# write them, with calls of value, gradient and prediction alone and with calls of everything; then the runtime and the benchmark program.
# The least of several builds each, as a table.
#
#   programs.sh [--runs N] [--only WORD] [--peers] [CHECKOUT...]
#
# Other checkouts of gradsmith are measured by turns with this one, and a ratio stands beside each figure: this over that.
# With --peers the least crates that train with burn and candle are built, too, whose dependencies take minutes. What is built is kept
# in the folder that PROGRAMS_WORK names, if any.
set -euo pipefail
cd "$(dirname "$0")"
here=$(cd ../../.. && pwd)
runs=3 only='' peers=''
while [ $# -gt 0 ]; do
    case $1 in
        --runs) runs=$2; shift 2 ;;
        --only) only=$2; shift 2 ;;
        --peers) peers=1; shift ;;
        -*) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 2 ;;
        *) break ;;
    esac
done
checkouts=("$here")
for other in "$@"; do checkouts+=("$(cd "$other" && pwd)"); done
work=${PROGRAMS_WORK:-$(mktemp -d)}
[ -n "${PROGRAMS_WORK:-}" ] || trap 'rm -rf "$work"' EXIT
mkdir -p "$work"
export CARGO_TERM_COLOR=never CARGO_INCREMENTAL=0 TIMEFORMAT='%U %S'

# The programs, once for each checkout, with its gradsmith.
for k in "${!checkouts[@]}"; do
    mkdir -p "$work/$k"
    rm -rf "$work/$k/programs"
    cp -r programs "$work/$k/programs"
    sed -i "s|path = \"[^\"]*\"|path = \"${checkouts[k]}\"|" "$work/$k/programs/Cargo.toml"
done

# once MANIFEST TARGET SOURCE ARGS...: seconds that a build takes for which nothing but SOURCE has changed.
once() {
    local manifest=$1 target=$2 source=$3 log
    shift 3
    log=$target.log
    CARGO_TARGET_DIR=$target cargo build --quiet --manifest-path "$manifest" "$@" 2> "$log" || { cat "$log" >&2; exit 1; }
    touch "$source"
    { time CARGO_TARGET_DIR=$target cargo build --quiet --manifest-path "$manifest" "$@" 2> "$log"; } 2>&1 |
        awk '{ printf "%.3f\n", $1 + $2 }'
}

# row NAME CALLS FOLDER SOURCE ARGS...: a line of the table; the manifest is in the checkout's FOLDER, and SOURCE below it.
row() {
    local name=$1 calls=$2 manifest=$3 source=$4 profile k r seconds line
    shift 4
    [[ "$name $calls" == *"$only"* ]] || return 0
    line="| $name | $calls |"
    for profile in release dev; do
        local -a least=()
        for ((r = 0; r < runs; r++)); do
            for k in "${!checkouts[@]}"; do
                local dir=$work/$k/programs
                [ "$manifest" = programs ] || dir=${checkouts[k]}/$manifest
                seconds=$(once "$dir/Cargo.toml" "$work/$k/target" "$dir/$source" --profile "$profile" "$@")
                least[k]=$(awk -v a="${least[k]:-1e9}" -v b="$seconds" 'BEGIN { print (a < b ? a : b) }')
            done
        done
        line+=" ${least[0]} |"
        for ((k = 1; k < ${#checkouts[@]}; k++)); do
            line+=" $(awk -v a="${least[0]}" -v b="${least[k]}" 'BEGIN { printf "%s, %.2f", b, a / b }') |"
        done
    done
    echo "$line"
}

header='| program | calls |' rule='| --- | --- |'
for profile in release debug; do
    header+=" $profile, s |" rule+=' ---: |'
    for ((k = 1; k < ${#checkouts[@]}; k++)); do
        header+=" $(basename "${checkouts[k]}"), ratio |" rule+=' ---: |'
    done
done
printf '%s\n%s\n' "$header" "$rule"
for program in network digits logistic gaussian_process gaussians; do
    row "$program" "value, gradient, prediction" programs "src/bin/$program.rs" --bin "$program"
    row "$program" everything programs "src/bin/$program.rs" --bin "$program" --features everything
done
row gradsmith-runtime 'a dependency, once' . runtime/src/lib.rs --package gradsmith-runtime
row peers W1-W8 benches/contestant src/lib.rs --bin peers
if [ -n "$peers" ]; then
    checkouts=("$here")
    for peer in burn candle; do
        row "6-64-8-4 by $peer" 'a step' "benches/frameworks/builds/$peer" src/main.rs
    done
fi
