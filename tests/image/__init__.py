"""The Dockerfile, built for real, and what it makes, run as the official image is.

No registry is reached here, so both bases are stand-ins (`harness/stand_in/`). `make image-test`
runs these tests on 0.12.4 and Python 3.11, and `HOST_PYTHON=$(scripts/find-python 3.12)` on 3.12.

Alike, after open-webui/open-webui's Dockerfile and `backend/start.sh`. Public copies were read of
2025, and of forks of 2026 that keep the lines in question; no copy of 0.12.4 itself was to be had:

- the variables that the image sets, among them `WEBUI_SECRET_KEY=""` and `HOME=/root`;
- root, or what `UID` and `GID` said when it was built; `USE_PERMISSION_HARDENING` for any user of
  group 0; `WORKDIR /app/backend`, `EXPOSE 8080`, `CMD ["bash", "start.sh"]`;
- Open WebUI as the folder /app/backend/open_webui and no distribution, the pages in /app/build,
  /app/package.json with the version, /app/CHANGELOG.md;
- `start.sh`: an empty secret makes it write one into `.webui_secret_key`, or into the file that
  `WEBUI_SECRET_KEY_FILE` names, and only the server gets it; Uvicorn with `--host`, `--port`,
  `--forwarded-allow-ips "${FORWARDED_ALLOW_IPS:-*}"` and `--workers "${UVICORN_WORKERS:-1}"`;
- CPython built from source in /usr/local with a shared library and pip, on Debian; curl and jq.

Not alike:

- Debian is 12 also where the official image of 0.12.4 has 13; CPython is this machine's;
- Open WebUI and its packages come from PyPI, only those that it needs to start (as the slim image,
  without PyTorch and models), and compiled to bytecode, which spares each start twenty seconds;
- no `HEALTHCHECK`, which images of buildah's format cannot have; it asks `/health` alone;
- no pandoc, ffmpeg, compiler or git; no Ollama, CUDA, Playwright or Hugging Face Space branches of
  `start.sh`;
- the first stage has the Rust of this machine mounted, and the crates that are there already;
- `buildah run` with the isolation `chroot` takes the place of `docker run` and `docker exec`: the
  network is this machine's, no capability and no resource is limited.
"""
