#!/bin/sh
# Makes sure that a redis-server binary exists: tests that need one start their own on a free port.
set -eu
command -v redis-server >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    apt-get install -y -qq redis-server >/dev/null 2>&1 \
        || { apt-get update -qq && apt-get install -y -qq redis-server >/dev/null; }
    exit 0
fi
echo "no redis-server here: tests that need one are skipped (apt-get install redis-server, or brew install redis)" >&2
