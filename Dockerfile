# Any Debian or Ubuntu with Python 3.11 or newer and its venv module can be the base, best by its digest:
#
#   docker build --build-arg BASE=python:3.12-slim-bookworm@sha256:… -t export-auditor .
#
# How to run it, what is in it and what was tried: docs/container.md.
ARG BASE=python:3.12-slim-bookworm

# The environment is put together here, so that pip, its cache and the sources stay out of the image.
FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore
# The version of tini is that of the base's Debian; one that is named here would not be found on another base.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends tini \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# Dependencies first: they change less often than the sources, and their layer is kept.
COPY requirements/build.txt requirements/runtime.txt requirements/postgresql.txt requirements/
RUN python3 -m venv /opt/build \
 && /opt/build/bin/pip install --require-hashes --requirement requirements/build.txt \
 && python3 -m venv --without-pip /opt/export-auditor \
 && /opt/build/bin/pip --python /opt/export-auditor/bin/python install --require-hashes --only-binary :all: \
        --requirement requirements/runtime.txt --requirement requirements/postgresql.txt
COPY pyproject.toml README.md LICENSE ./
COPY auditor auditor
COPY adapters adapters
COPY config/container/healthcheck.py /opt/export-auditor/
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
 && /opt/build/bin/pip --python /opt/export-auditor/bin/python install --no-deps --no-index dist/*.whl
# What never runs here: tests, headers for compilers, Arrow's own clients of RPC and S3, and all services of AWS but those
# that log in or hold objects. A name that is there no longer ends the build; so does one that is missed: everything left
# is imported, and the demo must find its faults.
# hadolint ignore=DL3003
RUN cd /opt/export-auditor/lib/python3*/site-packages \
 && rm -r pyarrow/tests pyarrow/include pyarrow/src pyarrow/*flight* pyarrow/*s3* icalendar/tests \
 && find botocore/data -mindepth 1 -maxdepth 1 -type d \
        ! -name s3 ! -name sts ! -name sso ! -name sso-oidc ! -name signin -exec rm -r {} +
RUN ["/opt/export-auditor/bin/python", "-c", "import importlib, pkgutil, adapters, boto3, psycopg, pyarrow.parquet; [importlib.import_module(m.name) for m in pkgutil.walk_packages(adapters.__path__, 'adapters.')]; [boto3.client(name, region_name='eu-central-1') for name in ('s3', 'sts', 'sso', 'sso-oidc', 'signin')]"]
# hadolint ignore=DL3059
RUN ["/opt/export-auditor/bin/export-auditor", "demo", "/tmp/demo"]

FROM ${BASE}
ARG BASE
ARG VERSION=0.1.0
ARG REVISION=""
LABEL org.opencontainers.image.title="export-auditor" \
      org.opencontainers.image.description="Audits the dataset exports of Adobe Experience Platform: did each arrive, is it whole, can it be read back?" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${BASE}" \
      org.opencontainers.image.licenses="Apache-2.0"
# A fixed number, so that whoever mounts the volume knows its owner. Only the volume belongs to it, and nothing else in
# the image need be writable.
RUN groupadd --gid 10001 auditor \
 && useradd --uid 10001 --gid 10001 --home-dir /var/lib/export-auditor --no-create-home --shell /usr/sbin/nologin auditor \
 && install --directory --owner=10001 --group=10001 --mode=0750 /var/lib/export-auditor
COPY --from=build /usr/bin/tini /usr/bin/tini
COPY --from=build /usr/share/doc/tini/copyright /usr/share/doc/tini/copyright
COPY --from=build /opt/export-auditor /opt/export-auditor
ENV PATH=/opt/export-auditor/bin:${PATH} \
    HOME=/var/lib/export-auditor \
    LANG=C.UTF-8 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /var/lib/export-auditor
VOLUME ["/var/lib/export-auditor"]
# Where the configuration says `listen: 0.0.0.0:8080`, and a token.
EXPOSE 8080
# Asks /healthz at whatever address the service listens. The ledger may be migrated for minutes before it does.
HEALTHCHECK --interval=30s --timeout=10s --start-period=10m --retries=3 \
  CMD ["/opt/export-auditor/bin/python", "-I", "/opt/export-auditor/healthcheck.py"]
# After it the service has `service.grace` (25 s) to end what is under way: give it 40 s before it is killed.
STOPSIGNAL SIGTERM
# The kernel keeps signals from a first process that has no handler yet; tini has one, and passes them on.
ENTRYPOINT ["/usr/bin/tini", "-s", "--", "export-auditor"]
CMD ["serve", "--config", "/config/auditor.yaml"]
