# One target a role: `docker build --target ingest -t layerwatch/ingest .`; all of it is in docs/containers.md.
# The packages come from deploy/locks/, each with its hash; only the venv and the role's own rooms reach the image.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore \
    PIP_PYTHON=/opt/venv/bin/python
RUN python -m venv --without-pip /opt/venv
WORKDIR /app
COPY deploy/slim.sh /

# A clone may have been made with a strict umask: what is copied is made readable. Bytecode is compiled here, since
# nothing can be written later.
FROM build AS build-ingest
COPY deploy/locks/ingest.txt /
RUN pip install --no-compile --require-hashes -r /ingest.txt && sh /slim.sh /opt/venv/lib/python3.*/site-packages
COPY layerwatch/ layerwatch/
COPY ingest/ ingest/
RUN chmod -R u=rwX,go=rX . && python -m compileall -q --invalidation-mode unchecked-hash /opt/venv/lib .

FROM build AS build-worker-cpu
COPY deploy/locks/worker-cpu.txt /
RUN pip install --no-compile --require-hashes -r /worker-cpu.txt && sh /slim.sh /opt/venv/lib/python3.*/site-packages
COPY layerwatch/ layerwatch/
COPY worker/ worker/
COPY models/ models/
RUN chmod -R u=rwX,go=rX . && python -m compileall -q --invalidation-mode unchecked-hash /opt/venv/lib .

FROM build AS build-worker-gpu
COPY deploy/locks/worker-gpu.txt /
RUN pip install --no-compile --require-hashes -r /worker-gpu.txt
COPY layerwatch/ layerwatch/
COPY worker/ worker/
COPY models/ models/
RUN chmod -R u=rwX,go=rX . && python -m compileall -q --invalidation-mode unchecked-hash .

FROM build AS build-trainer
COPY deploy/locks/trainer.txt /
RUN pip install --no-compile --require-hashes -r /trainer.txt
COPY layerwatch/ layerwatch/
COPY trainer/ trainer/
COPY models/ models/
RUN chmod -R u=rwX,go=rX . && python -m compileall -q --invalidation-mode unchecked-hash .

FROM build AS build-monitoring
COPY deploy/locks/monitoring.txt /
RUN pip install --no-compile --require-hashes -r /monitoring.txt && sh /slim.sh /opt/venv/lib/python3.*/site-packages
COPY layerwatch/ layerwatch/
COPY monitoring/ monitoring/
RUN chmod -R u=rwX,go=rX . && python -m compileall -q --invalidation-mode unchecked-hash /opt/venv/lib .

FROM build AS build-simulator
COPY deploy/locks/simulator.txt /
RUN pip install --no-compile --require-hashes -r /simulator.txt && sh /slim.sh /opt/venv/lib/python3.*/site-packages
COPY layerwatch/ layerwatch/
COPY simulator/ simulator/
RUN chmod -R u=rwX,go=rX . && python -m compileall -q --invalidation-mode unchecked-hash /opt/venv/lib .

FROM ${PYTHON_IMAGE} AS base
ARG SOURCE=unknown
LABEL org.opencontainers.image.vendor="layerwatch" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="${SOURCE}"
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 LOG_FORMAT=json \
    SOURCES_DIR=/incoming ARTIFACTS_DIR=/artifacts REGISTRY_DIR=/registry
RUN groupadd --gid 10001 layerwatch \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /app --shell /usr/sbin/nologin layerwatch \
 && install -d -o layerwatch -g layerwatch \
    /incoming /artifacts /registry /ledger /history /access /corrections /training \
 && python -m pip uninstall --yes --quiet --root-user-action=ignore pip setuptools wheel \
 && rm -rf /usr/local/lib/python3.*/ensurepip /root/.cache
WORKDIR /app
USER 10001:10001

FROM base AS ingest
ENV INGEST_METRICS_HOST=0.0.0.0 INGEST_METRICS_PORT=9101 INGEST_LEDGER_DIR=/ledger
COPY --from=build-ingest /opt/venv /opt/venv
COPY --from=build-ingest /app /app
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 \
    CMD ["python", "-m", "layerwatch.health", "http://127.0.0.1:9101/health"]
ENTRYPOINT ["python", "-m", "ingest"]
CMD ["run"]
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="layerwatch ingest" \
      org.opencontainers.image.description="Watches a printer's folder and queues its layers" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

FROM base AS worker-cpu
ENV WORKER_METRICS_HOST=0.0.0.0 WORKER_METRICS_PORT=9102
COPY --from=build-worker-cpu /opt/venv /opt/venv
COPY --from=build-worker-cpu /app /app
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 \
    CMD ["python", "-m", "layerwatch.health", "http://127.0.0.1:9102/health"]
ENTRYPOINT ["python", "-m", "worker"]
CMD ["pool"]
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="layerwatch worker, CPU" \
      org.opencontainers.image.description="Inspects layers in int8 on OpenVINO" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

FROM base AS worker-gpu
ENV WORKER_METRICS_HOST=0.0.0.0 WORKER_METRICS_PORT=9102 WORKER_BACKEND=torch-cuda \
    NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY --from=build-worker-gpu /opt/venv /opt/venv
COPY --from=build-worker-gpu /app /app
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=6 \
    CMD ["python", "-m", "layerwatch.health", "http://127.0.0.1:9102/health"]
ENTRYPOINT ["python", "-m", "worker"]
CMD ["pool", "--workers", "1"]
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="layerwatch worker, GPU" \
      org.opencontainers.image.description="Inspects layers in float32 on an NVIDIA GPU" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

FROM base AS trainer
ENV TRAINER_METRICS_HOST=0.0.0.0 TRAINER_METRICS_PORT=9104 TRAINER_JOBS_DIR=/training/jobs \
    MPLCONFIGDIR=/tmp/matplotlib
COPY --from=build-trainer /opt/venv /opt/venv
COPY --from=build-trainer /app /app
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=6 \
    CMD ["python", "-m", "layerwatch.health", "http://127.0.0.1:9104/health"]
ENTRYPOINT ["python", "-m", "trainer"]
CMD ["work"]
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="layerwatch trainer" \
      org.opencontainers.image.description="Trains model bundles from labelled layers" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

FROM base AS monitoring
ENV MONITORING_HOST=0.0.0.0 MONITORING_PORT=8000 MONITORING_RECORD_METRICS_HOST=0.0.0.0 \
    MONITORING_DATABASE_URL=sqlite:////history/history.sqlite3 \
    MONITORING_USERS_FILE=/access/users.toml MONITORING_AUDIT_FILE=/access/audit.jsonl CORRECTIONS_DIR=/corrections
COPY --from=build-monitoring /opt/venv /opt/venv
COPY --from=build-monitoring /app /app
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 \
    CMD ["python", "-m", "layerwatch.health", "http://127.0.0.1:8000/health"]
ENTRYPOINT ["python", "-m", "monitoring"]
CMD ["serve"]
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="layerwatch monitoring" \
      org.opencontainers.image.description="The page, the history, metrics and reports" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

FROM base AS simulator
COPY --from=build-simulator /opt/venv /opt/venv
COPY --from=build-simulator /app /app
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 \
    CMD ["python", "-m", "layerwatch.health", "http://127.0.0.1:9105/health"]
ENTRYPOINT ["python", "-m", "simulator"]
CMD ["run", "--out", "/incoming", "--truth", "/tmp/truth", "--layers", "1000", "--overwrite", "--metrics-port", "9105"]
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="layerwatch simulator" \
      org.opencontainers.image.description="A printer that does not exist" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
