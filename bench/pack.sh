#!/usr/bin/env bash
# Packs the bench for graphics cards into one file that runs on a Linux machine (x64, glibc) with neither network nor Node:
# this machine's Node, the built project, Dawn, and the Vulkan loader for machines that have only a driver.
#
#     npm run build && bench/pack.sh [FILE]        makes FILE, by default runs/bcosc-gpu-bench.run
#     sh FILE [--quick] [--only TEXT,…] [--json OUT]
#
# There it times ours on WebGPU and on all processors, jax-js on WebGPU where bench/ has it installed, and eager PyTorch
# where there is a Python with CUDA, and writes bcosc-gpu-bench.json.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-runs/bcosc-gpu-bench.run}
limit=$((60 * 1024 * 1024))

fail() { echo "pack: $*" >&2; exit 1; }
# Where the loader of this machine's programs finds a library.
library() { PATH=$PATH:/usr/sbin:/sbin ldconfig -p | awk -v name="$1" '$1 == name && /x86-64/ && !seen { print $NF; seen = 1 }'; }

[ "$(uname -sm)" = "Linux x86_64" ] || fail "packs on Linux x64 only, because it takes this machine's Node"
[ -f dist/bench/main.js ] || fail "dist/ is missing: npm run build"
vulkan=$(library libvulkan.so.1)
[ -n "$vulkan" ] || fail "libvulkan.so.1 is missing: the Debian package libvulkan1 has it"

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir -p "$stage/bin" "$stage/lib" "$stage/older" "$stage/app/bench/peers/pytorch" "$stage/app/node_modules" "$(dirname "$out")"

cp -L "$(node -p process.execPath)" "$stage/bin/node"
command -v strip >/dev/null && strip "$stage/bin/node"
cp -L "$vulkan" "$stage/lib/libvulkan.so.1"
# For machines whose own are older than what Node and Dawn want. Not for others: their drivers may want newer ones.
for name in libstdc++.so.6 libgcc_s.so.1; do cp -L "$(library "$name")" "$stage/older/$name"; done

cp package.json "$stage/app/"
cp -r models "$stage/app/"
cp -r bench/models bench/import-peer.mjs "$stage/app/bench/"
cp bench/peers/pytorch/bench.py "$stage/app/bench/peers/pytorch/"
(cd dist && find bench src grammar -name '*.js' -o -name '*.json' | tar cf - -T -) | (mkdir "$stage/app/dist" && tar xf - -C "$stage/app/dist")

# chevrotain reads models; it and what it needs are plain JavaScript.
for folder in $(npm query '#chevrotain, #chevrotain *' | node -p 'JSON.parse(fs.readFileSync(0)).map((p) => p.location).join(" ")'); do
  mkdir -p "$stage/app/$(dirname "$folder")"
  cp -r "$folder" "$stage/app/$(dirname "$folder")/"
done
find "$stage/app/node_modules" -name '*.map' -delete

mkdir -p "$stage/app/node_modules/webgpu/dist"
cp node_modules/webgpu/package.json node_modules/webgpu/*.js "$stage/app/node_modules/webgpu/"
cp -r node_modules/webgpu/dist/linux-x64 "$stage/app/node_modules/webgpu/dist/"
if [ -d bench/node_modules/@jax-js/jax ]; then
  mkdir -p "$stage/app/bench/node_modules/@jax-js"
  cp -r bench/node_modules/@jax-js/jax "$stage/app/bench/node_modules/@jax-js/"
  rm -f "$stage"/app/bench/node_modules/@jax-js/jax/dist/*.cjs "$stage"/app/bench/node_modules/@jax-js/jax/dist/*.d.*
fi

cp bench/packed-run.sh "$stage/run.sh"
{
  # Everything behind the marker is the archive.
  cat <<'HEADER'
#!/bin/sh
set -e
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT INT TERM
start=$(awk '/^__ARCHIVE__$/ { print NR + 1; exit }' "$0")
tail -n "+$start" "$0" | gzip -dc | tar xf - -C "$dir"
sh "$dir/run.sh" "$@"
exit $?
__ARCHIVE__
HEADER
  tar cf - -C "$stage" . | gzip -9
} > "$out"
chmod +x "$out"
size=$(stat -c %s "$out")
[ "$size" -lt "$limit" ] || fail "$out has $size bytes, more than $limit"
echo "pack: $out, $((size / 1024 / 1024)) MiB"
