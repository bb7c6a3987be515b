# The official image of Open WebUI with owui-keygate in it: docker build --tag open-webui-keygate .
#
# Another release, or other bases by digest:
#   --build-arg OPEN_WEBUI=0.11.4
#   --build-arg OPEN_WEBUI_IMAGE=ghcr.io/open-webui/open-webui@sha256:…
#   --build-arg RUST_IMAGE=docker.io/library/rust@sha256:…
ARG OPEN_WEBUI=0.12.4
ARG OPEN_WEBUI_IMAGE=ghcr.io/open-webui/open-webui:${OPEN_WEBUI}
# On Debian 12, whose C library is as old as that of any supported image.
ARG RUST_IMAGE=docker.io/library/rust:1.95.0-slim-bookworm

FROM ${RUST_IMAGE} AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY requirements-image.txt .
RUN python3 -m venv /tools \
    && /tools/bin/pip install --no-cache-dir --require-hashes --requirement requirements-image.txt
COPY . .
RUN /tools/bin/maturin build --release --locked --out /out \
    && cp -r /tools/lib/python3.*/site-packages/pip /out

# The base may have no pip, so the one of the first stage installs the wheel, below a folder.
FROM ${OPEN_WEBUI_IMAGE} AS installed
USER root
COPY --from=build /out /out
RUN python3 /out/pip install --no-cache-dir --no-deps --no-index --ignore-installed \
        --root-user-action ignore --root /installed /out/*.whl

# All else, the user included, stays as the base has it.
FROM ${OPEN_WEBUI_IMAGE}
COPY --from=installed /installed /
RUN PYTHONDONTWRITEBYTECODE=1 owui-keygate --version
