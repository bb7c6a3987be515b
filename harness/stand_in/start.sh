#!/usr/bin/env bash
# Starts the server as the official image's script does. The secret reaches the server alone: the
# image sets an empty one, and a command beside the server sees that one.
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1

if [ -z "$WEBUI_SECRET_KEY$WEBUI_JWT_SECRET_KEY" ]; then
    file=${WEBUI_SECRET_KEY_FILE:-.webui_secret_key}
    [ -e "$file" ] || head -c 12 /dev/random | base64 >"$file"
    WEBUI_SECRET_KEY=$(cat "$file")
fi

WEBUI_SECRET_KEY=$WEBUI_SECRET_KEY exec python3 -m uvicorn open_webui.main:app \
    --host "${HOST:-0.0.0.0}" --port "${PORT:-8080}" \
    --forwarded-allow-ips "${FORWARDED_ALLOW_IPS:-*}" --workers "${UVICORN_WORKERS:-1}"
