# One target a role; each copies only its own room and installs only its own extra.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS base
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --create-home --uid 10001 layerwatch \
 && install -d -o layerwatch -g layerwatch /incoming /artifacts /registry /ledger /history /access /corrections
WORKDIR /app
COPY pyproject.toml README.md LICENSE ./
COPY layerwatch/ layerwatch/

FROM base AS ingest
RUN pip install --no-cache-dir '.[ingest,s3]'
COPY ingest/ ingest/
USER layerwatch
ENTRYPOINT ["python", "-m", "ingest"]
CMD ["run"]

FROM base AS worker
RUN pip install --no-cache-dir '.[worker,s3]'
COPY worker/ worker/
COPY models/ models/
USER layerwatch
ENTRYPOINT ["python", "-m", "worker"]
CMD ["run"]

FROM base AS trainer
RUN pip install --no-cache-dir '.[trainer]'
COPY trainer/ trainer/
COPY models/ models/
USER layerwatch
ENTRYPOINT ["python", "-m", "trainer"]
CMD ["--help"]

FROM base AS monitoring
RUN pip install --no-cache-dir '.[monitoring,postgres,s3]'
COPY monitoring/ monitoring/
USER layerwatch
ENTRYPOINT ["python", "-m", "monitoring"]
CMD ["serve"]

FROM base AS simulator
RUN pip install --no-cache-dir .
COPY simulator/ simulator/
USER layerwatch
ENTRYPOINT ["python", "-m", "simulator"]
CMD ["run", "--help"]
