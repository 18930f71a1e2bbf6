# One image for everything of ours: the stages, `molva respond`, Airflow and its workers.
#   docker build -t molva:0.1.0 .                        what runs
#   docker build -t molva-train:0.1.0 --target train .   torch too, no accounts and workers: for `molva train`
ARG PYTHON_IMAGE=python:3.11.14-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
# pip compiles what it installs: the root is read-only later, and a task must start at once.
ENV PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/molva/venv
# A pip.conf for a mirror or a proxy may be lent as a secret; it stays out of every layer.
# The locks first: as long as they stand, this layer does, whatever changes in the code.
COPY requirements/scale.txt /build/requirements/scale.txt
RUN --mount=type=cache,target=/root/.cache/pip --mount=type=secret,id=pip,target=/etc/pip.conf \
    /opt/molva/venv/bin/python -m pip install -r /build/requirements/scale.txt
# Libraries that fit by their version numbers may still not fit: better here than when a task starts.
RUN AIRFLOW_HOME=/tmp/airflow /opt/molva/venv/bin/python -c "import asyncpg, psycopg2; \
    import airflow.providers.celery.executors.celery_executor; \
    import airflow.providers.fab.auth_manager.fab_auth_manager"
WORKDIR /build
COPY pyproject.toml LICENSE ./
COPY requirements/*.in requirements/
COPY mentions mentions
COPY crawlers crawlers
COPY nlp nlp
COPY alerts alerts
COPY molva molva
COPY dags dags
COPY es_mappings es_mappings
RUN /opt/molva/venv/bin/python -m pip install --no-deps --no-build-isolation .

FROM ${PYTHON_IMAGE} AS run
# Group 0 is what lets the Elasticsearch image (1000:0) and this one read the same certificates.
RUN useradd --uid 10001 --gid 0 --no-create-home --home-dir /var/lib/molva molva \
    && mkdir -p /var/lib/airflow/logs /var/lib/molva /run/molva/authority /run/molva/certificates \
    /run/molva/keys /run/molva/admin /run/molva/snapshots \
    && chown -R 10001:0 /var/lib/airflow /var/lib/molva /run/molva \
    && chmod -R 0750 /var/lib/airflow /var/lib/molva /run/molva \
    && chmod 0770 /run/molva/snapshots
COPY dags /opt/molva/dags
COPY deploy /opt/molva/deploy
ENV PATH=/opt/molva/venv/bin:$PATH \
    AIRFLOW_HOME=/var/lib/airflow \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:0
WORKDIR /var/lib/molva
ENTRYPOINT ["/opt/molva/deploy/entrypoint"]
CMD ["molva", "--help"]

FROM build AS train-build
# A package index may offer only the CUDA build of torch, gigabytes that training does not use:
# --build-arg TORCH_INDEX=URL names another index, PyTorch's own of CPU wheels, for torch alone.
ARG TORCH_INDEX
COPY requirements/run.txt requirements/train.txt /build/requirements/
# An environment of its own: train.txt agrees with run.txt, and scale.txt is older in places.
RUN --mount=type=cache,target=/root/.cache/pip --mount=type=secret,id=pip,target=/etc/pip.conf \
    python -m venv --clear /opt/molva/venv \
    && /opt/molva/venv/bin/python -m pip install --no-deps \
    ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} "$(grep '^torch==' requirements/train.txt)" \
    && /opt/molva/venv/bin/python -m pip install -r requirements/run.txt -r requirements/train.txt \
    && /opt/molva/venv/bin/python -m pip install --no-deps --no-build-isolation .

FROM run AS train
COPY --from=train-build /opt/molva/venv /opt/molva/venv

# The last stage is what `docker build` without --target makes.
FROM run AS molva
COPY --from=build /opt/molva/venv /opt/molva/venv
