# What other build arguments of the official Dockerfile make of its image.
ARG BASE
FROM ${BASE}
ARG UID=0
ARG GID=0
ARG USE_PERMISSION_HARDENING=false
ARG WITH_PIP=true

USER 0:0
RUN if [ $UID -ne 0 ]; then \
        groupadd --gid $GID app && useradd --uid $UID --gid $GID --home-dir $HOME app \
        && chown -R $UID:$GID /app $HOME; \
    fi
RUN if [ "$USE_PERMISSION_HARDENING" = true ]; then \
        chgrp -R 0 /app /root && chmod -R g+rwX /app /root \
        && find /app /root -type d -exec chmod g+s {} +; \
    fi
RUN if [ "$WITH_PIP" != true ]; then \
        rm -r /usr/local/bin/pip /usr/local/lib/python3.*/site-packages/pip*; \
    fi
USER $UID:$GID
