#!/bin/sh
# Takes out of an image's packages what no role ever loads: `sh slim.sh SITE_PACKAGES`, where the image is built.
set -eu
cd "$1"

# OpenVINO: the network runs on its CPU plugin and is read from ONNX.
if [ -d openvino/libs ]; then
  rm -rf openvino/include openvino/cmake openvino/libs/cache.json
  for part in intel_gpu_plugin intel_npu_plugin tensorflow_frontend tensorflow_lite_frontend pytorch_frontend \
    paddle_frontend jax_frontend gguf_frontend; do
    rm -f "openvino/libs/libopenvino_$part".so*
  done
fi

# botocore knows several hundred services; S3 and the ways to log in are needed.
if [ -d botocore/data ]; then
  find botocore/data -mindepth 1 -maxdepth 1 -type d ! -name s3 ! -name sts ! -name sso ! -name sso-oidc -exec rm -rf {} +
fi

find . -type d -name tests -prune -exec rm -rf {} +
find . -type f \( -name '*.pyi' -o -name '*.pxd' -o -name '*.h' -o -name '*.c' -o -name '*.a' \) -delete
