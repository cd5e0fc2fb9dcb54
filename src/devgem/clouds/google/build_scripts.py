"""The scripts of a build's steps: fixed texts, run by `sh`. What differs comes by the environment.

A token is only ever in the environment of the step that fetches, and in what a credential helper tells git, which asks
it for the repository's own host alone.
"""

FETCH = r"""#!/bin/sh
set -eu
export GIT_TERMINAL_PROMPT=0 GIT_CONFIG_NOSYSTEM=1
git init -q .
if [ -n "${DEVGEM_GIT_TOKEN:-}" ]; then
  git config "credential.$DEVGEM_HOST.helper" \
    '!f() { test "$1" = get || exit 0; echo username=x-access-token; echo "password=$DEVGEM_GIT_TOKEN"; }; f'
fi
fetch() { git -c protocol.file.allow=never fetch -q --no-tags --no-recurse-submodules "$@"; }
if ! fetch --depth 1 "$DEVGEM_REPOSITORY" "$DEVGEM_COMMIT"; then
  echo "The host does not give single commits, or not this one: fetching all branches."
  fetch "$DEVGEM_REPOSITORY" '+refs/heads/*:refs/devgem/*'
fi
git -c core.hooksPath=/dev/null -c advice.detachedHead=false checkout -q "$DEVGEM_COMMIT"
git config --unset-all "credential.$DEVGEM_HOST.helper" || true
test "$(git rev-parse HEAD)" = "$DEVGEM_COMMIT"
git log -1 --format='%h %s'
"""

PREPARE = r"""#!/bin/sh
set -eu
unpacked() { base64 -d | gzip -d; }
if [ -n "${DEVGEM_PATCH_0:-}" ]; then
  printf %s {patch} | unpacked > /tmp/devgem.patch
  git apply --whitespace=nowarn /tmp/devgem.patch
  echo "The edits are applied."
fi
if [ -n "${DEVGEM_IGNORE_0:-}" ]; then
  rm -rf .dockerignore
  printf %s {ignore} | unpacked > .dockerignore
fi
"""

BUILD = r"""#!/bin/sh
set -eu
export BUILDX_NO_DEFAULT_ATTESTATIONS=1
unset DOCKER_HOST DOCKER_CONTEXT || true
printf %s {bake} | base64 -d | gzip -d > /tmp/bake.json
set -- --file /tmp/bake.json
if [ -n "${DEVGEM_ARGS:-}" ]; then
  printf %s "$DEVGEM_ARGS" > /tmp/args.json
  set -- "$@" --file /tmp/args.json
fi
docker buildx create --name devgem --driver docker-container --use > /dev/null
docker buildx bake "$@" --progress plain --metadata-file /tmp/made.json app
sed -n 's/.*"containerimage.digest": *"\(sha256:[0-9a-f]\{64\}\)".*/\1/p' /tmp/made.json | head -n 1 \
  > "$BUILDER_OUTPUT/output"
test -s "$BUILDER_OUTPUT/output"
"""
