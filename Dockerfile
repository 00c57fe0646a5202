# Any Debian or Ubuntu with Python 3.11 or newer and its venv module can be the base: --build-arg BASE=…
#
#   docker build -t export-auditor .
#   docker run --rm -v "$PWD:/config:ro" -v export-auditor:/var/lib/export-auditor export-auditor audit -c /config/auditor.yaml
#
# In a container, give `ledger: sqlite:////var/lib/export-auditor/export-auditor.db`: the configuration is mounted read-only.
ARG BASE=python:3.12-slim

# The environment is put together here, so that pip, its cache and the sources stay out of the image.
FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1
WORKDIR /src
RUN ["python3", "-m", "venv", "/opt/export-auditor"]
# Dependencies first: they change less often than the sources, and their layer is kept.
COPY requirements/runtime.txt requirements/
RUN ["/opt/export-auditor/bin/python", "-m", "pip", "install", "--require-hashes", "--requirement", "requirements/runtime.txt"]
COPY pyproject.toml README.md LICENSE ./
COPY auditor auditor
COPY adapters adapters
RUN ["/opt/export-auditor/bin/python", "-m", "pip", "install", "--no-deps", "."]

FROM ${BASE}
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="export-auditor" \
      org.opencontainers.image.description="Audits the dataset exports of Adobe Experience Platform: did each arrive, is it whole, can it be read back?" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"
# A fixed number, so that whoever mounts the volume knows its owner. Only the volume belongs to it, and nothing else in
# the image need be writable.
RUN ["groupadd", "--gid", "10001", "auditor"]
RUN ["useradd", "--uid", "10001", "--gid", "10001", "--home-dir", "/var/lib/export-auditor", "--create-home", "--shell", "/usr/sbin/nologin", "auditor"]
COPY --from=build /opt/export-auditor /opt/export-auditor
ENV PATH=/opt/export-auditor/bin:${PATH} \
    HOME=/var/lib/export-auditor \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /var/lib/export-auditor
VOLUME ["/var/lib/export-auditor"]
ENTRYPOINT ["export-auditor"]
CMD ["--help"]
