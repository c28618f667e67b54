#!/bin/bash -eu
# Called by the image's `compile`, in the folder that Dockerfile says.
exec fuzz/build.sh
