#!/bin/sh
# Runs the packed bench where it was unpacked. Arguments go to the bench; results go to bcosc-gpu-bench.json.
here=$(cd "$(dirname "$0")" && pwd)
libraries=${LD_LIBRARY_PATH:-}
add() { libraries="$1${libraries:+:$libraries}"; }
found() { (ldconfig -p 2>/dev/null || /sbin/ldconfig -p 2>/dev/null) | grep -q "$1"; }

found libvulkan.so.1 || add "$here/lib"
LD_LIBRARY_PATH=$libraries "$here/bin/node" -e 'process.dlopen({ exports: {} }, process.argv[1])' \
  "$here/app/node_modules/webgpu/dist/linux-x64/dawn.node" 2>/dev/null || add "$here/older"

# Containers often have NVIDIA's driver without the file that tells Vulkan about it.
if [ -z "${VK_ICD_FILENAMES:-}${VK_DRIVER_FILES:-}" ] &&
  ! ls /usr/share/vulkan/icd.d/*.json /usr/local/share/vulkan/icd.d/*.json /etc/vulkan/icd.d/*.json >/dev/null 2>&1; then
  for driver in libGLX_nvidia.so.0 libEGL_nvidia.so.0; do
    found "$driver" || continue
    printf '{"file_format_version":"1.0.0","ICD":{"library_path":"%s","api_version":"1.3.0"}}\n' "$driver" >"$here/$driver.json"
    VK_ICD_FILENAMES="${VK_ICD_FILENAMES:+$VK_ICD_FILENAMES:}$here/$driver.json"
  done
  [ -z "${VK_ICD_FILENAMES:-}" ] || export VK_ICD_FILENAMES
fi

LD_LIBRARY_PATH=$libraries exec "$here/bin/node" "$here/app/dist/bench/main.js" \
  --gpu --contenders webgpu,cuda --json bcosc-gpu-bench.json "$@"
