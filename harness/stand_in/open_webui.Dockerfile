# Stands in for ghcr.io/open-webui/open-webui. `tests/image/__init__.py` says what is alike.
ARG DEBIAN
FROM ${DEBIAN}
ENV PYTHONUNBUFFERED=1 \
    ENV=prod \
    PORT=8080 \
    USE_OLLAMA_DOCKER=false \
    USE_CUDA_DOCKER=false \
    USE_SLIM_DOCKER=true \
    OLLAMA_BASE_URL="/ollama" \
    OPENAI_API_BASE_URL="" \
    OPENAI_API_KEY="" \
    WEBUI_SECRET_KEY="" \
    SCARF_NO_ANALYTICS=true \
    DO_NOT_TRACK=true \
    ANONYMIZED_TELEMETRY=false \
    WHISPER_MODEL=base \
    WHISPER_MODEL_DIR=/app/backend/data/cache/whisper/models \
    AUXILIARY_EMBEDDING_MODEL=TaylorAI/bge-micro-v2 \
    RAG_EMBEDDING_MODEL=sentence-transformers/all-MiniLM-L6-v2 \
    RAG_RERANKING_MODEL="" \
    SENTENCE_TRANSFORMERS_HOME=/app/backend/data/cache/embedding/models \
    TIKTOKEN_ENCODING_NAME=cl100k_base \
    TIKTOKEN_CACHE_DIR=/app/backend/data/cache/tiktoken \
    HF_HOME=/app/backend/data/cache/embedding/models

WORKDIR /app/backend
ENV HOME=/root
COPY python /usr/local
RUN ldconfig
COPY app /app
RUN mkdir -p $HOME/.cache data

EXPOSE 8080
USER 0:0
ENV WEBUI_BUILD_VERSION=stand-in DOCKER=true
CMD ["bash", "start.sh"]
