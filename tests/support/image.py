"""The layout of the official image, where the host is a folder and no installed distribution."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

from harness.environments import HOST_VERSION, Environment, built_wheel, make_environment

if TYPE_CHECKING:
    from pathlib import Path

_CACHE = "/app/backend/data/cache"
IMAGE_VARIABLES = {
    "ANONYMIZED_TELEMETRY": "false",
    "DOCKER": "true",
    "DO_NOT_TRACK": "true",
    "ENV": "prod",
    "HF_HOME": f"{_CACHE}/embedding/models",
    "HOME": "/root",
    "OLLAMA_BASE_URL": "/ollama",
    "OPENAI_API_BASE_URL": "",
    "OPENAI_API_KEY": "",
    "PORT": "8080",
    "RAG_EMBEDDING_MODEL": "sentence-transformers/all-MiniLM-L6-v2",
    "RAG_RERANKING_MODEL": "",
    "SCARF_NO_ANALYTICS": "true",
    "SENTENCE_TRANSFORMERS_HOME": f"{_CACHE}/embedding/models",
    "TIKTOKEN_CACHE_DIR": f"{_CACHE}/tiktoken",
    "TIKTOKEN_ENCODING_NAME": "cl100k_base",
    "USE_CUDA_DOCKER": "false",
    "USE_CUDA_DOCKER_VER": "cu128",
    "USE_EMBEDDING_MODEL_DOCKER": "sentence-transformers/all-MiniLM-L6-v2",
    "USE_OLLAMA_DOCKER": "false",
    "USE_RERANKING_MODEL_DOCKER": "",
    "USE_SLIM_DOCKER": "false",
    "WEBUI_BUILD_VERSION": "dev-build",
    "WEBUI_SECRET_KEY": "",
    "WHISPER_MODEL": "base",
    "WHISPER_MODEL_DIR": f"{_CACHE}/whisper/models",
}
"""The `ENV` lines of its Dockerfile, with the arguments that it is published with."""


def image_environment(keygate: Environment, folder: Path) -> Environment:
    """Make an environment that has all of another but the host, which becomes a folder."""
    installed = keygate.site_packages
    environment = make_environment(folder / "venv")
    for entry in installed.iterdir():
        if not entry.name.startswith(("open_webui", "_virtualenv", "owui_keygate")):
            (environment.site_packages / entry.name).symlink_to(entry)
    environment.pip("install", "--no-deps", built_wheel())
    backend = folder / "app" / "backend"
    backend.mkdir(parents=True)
    host = installed / "open_webui"
    shutil.copytree(host, backend / "open_webui", copy_function=os.link)
    (folder / "app" / "build").symlink_to(host / "frontend")
    (folder / "app" / "CHANGELOG.md").touch()
    (folder / "app" / "package.json").write_text(json.dumps({"version": HOST_VERSION}))
    return environment
