# The service and its worker in one image; compose.yaml says which command each runs.
# The base is pinned by tag. Pin its digest too where you build: docker buildx imagetools inspect.
FROM python:3.12.12-slim-bookworm AS build

WORKDIR /opt/schoolrun
COPY requirements-uv.lock requirements.lock pyproject.toml ./
# uv stays in this stage. The service needs no linters or test tools: what pyproject.toml names is
# installed, at the versions and hashes that requirements.lock pins, and nothing else.
RUN python -m venv /opt/uv \
    && /opt/uv/bin/python -m pip install --no-cache-dir --no-deps --only-binary :all: \
        --require-hashes -r requirements-uv.lock \
    && python -m venv --without-pip .venv \
    && /opt/uv/bin/uv pip install --no-cache --python .venv/bin/python --require-hashes \
        --only-binary :all: --compile-bytecode -c requirements.lock -r pyproject.toml

COPY solver solver
COPY data data
COPY scenarios scenarios
COPY app app
# Kernels are compiled here, so that no solve pays for it. numba keeps them in the folder named by
# NUMBA_CACHE_DIR, which must be writable when they are used: compose.yaml puts a volume there.
# It compares the sources' times, of which image layers may keep whole seconds only.
ENV PYTHONPATH=/opt/schoolrun NUMBA_CACHE_DIR=/opt/schoolrun/kernels
RUN find app data scenarios solver -name '*.py' -exec touch --date='2026-01-01 00:00:00 UTC' {} + \
    && .venv/bin/python -m compileall -q solver data scenarios app \
    && .venv/bin/python -m solver compile


FROM python:3.12.12-slim-bookworm

LABEL org.opencontainers.image.title="Schoolrun" \
    org.opencontainers.image.licenses="MIT" \
    org.opencontainers.image.description="Plans and tenders SEN home-to-school transport"

RUN groupadd --system --gid 10001 schoolrun \
    && useradd --system --uid 10001 --gid 10001 --home-dir /var/lib/schoolrun --create-home \
        --shell /usr/sbin/nologin schoolrun

WORKDIR /opt/schoolrun
COPY --from=build /opt/schoolrun /opt/schoolrun
RUN chown -R schoolrun:schoolrun /opt/schoolrun/kernels

ENV PATH=/opt/schoolrun/.venv/bin:$PATH \
    PYTHONPATH=/opt/schoolrun \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    NUMBA_CACHE_DIR=/opt/schoolrun/kernels \
    MPLCONFIGDIR=/var/lib/schoolrun/matplotlib \
    SCHOOLRUN_DATA_FOLDER=/var/lib/schoolrun \
    SCHOOLRUN_HOST=0.0.0.0 \
    SCHOOLRUN_PORT=8000

USER 10001:10001
VOLUME /var/lib/schoolrun
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/health', timeout=4)"]

ENTRYPOINT ["python", "-m", "app.cli"]
CMD ["serve"]
