# One image for every role; the command says which: `python -m gateway`, and so on.

FROM python:3.13-slim AS dependencies
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/treadle
COPY deploy/requirements.lock /tmp/requirements.lock
# Wheels with known hashes only: nothing is built, and nothing else is installed.
RUN /opt/treadle/bin/pip install --require-hashes --only-binary :all: \
    --requirement /tmp/requirements.lock

FROM python:3.13-slim
RUN groupadd --system --gid 10001 treadle \
    && useradd --system --uid 10001 --gid treadle --no-create-home --shell /usr/sbin/nologin treadle
ENV PATH=/opt/treadle/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
COPY --from=dependencies /opt/treadle /opt/treadle
WORKDIR /srv/treadle
COPY treadle treadle
COPY common common
COPY action_service action_service
COPY scheduler_service scheduler_service
COPY executor_service executor_service
COPY gateway gateway
# Root owns the code; the process, which is not root, cannot change it.
RUN python -m compileall -q .
USER 10001:10001
CMD ["python", "-m", "action_service"]
