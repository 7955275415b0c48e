# One image for all five services; docker-compose.yml says which one a container is.

FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
# The libraries first: their layer is made anew only when the lock changes. Wheels only: nothing is compiled.
COPY requirements/runtime.txt /tmp/runtime.txt
RUN python -m venv --without-pip /opt/venv \
    && python -m pip --python /opt/venv/bin/python install --quiet --require-hashes --only-binary=:all: \
        --requirement /tmp/runtime.txt
# .dockerignore lets the six packages in and nothing else. Bytecode is made here, since the root is read-only
# later, and everyone may read all of it, whatever the umask of the checkout.
COPY . /app
RUN rm -r /app/requirements && python -m compileall -q /app && chmod -R a+rX /app

FROM python:3.13-slim
LABEL org.opencontainers.image.title="Parley" \
      org.opencontainers.image.description="A self-hosted messenger: four small services behind a gateway" \
      org.opencontainers.image.version="0.2.0" \
      org.opencontainers.image.licenses="MIT"
# The number is fixed, so that the owner of a volume stays its owner when the image changes.
RUN groupadd --gid 10001 parley \
    && useradd --uid 10001 --gid parley --no-create-home --home-dir /nonexistent parley \
    && install --directory --owner=parley --group=parley --mode=0700 /data
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PARLEY_HOST=0.0.0.0 PARLEY_DATA_DIR=/data
WORKDIR /app
USER parley
CMD ["python", "-m", "gateway"]
