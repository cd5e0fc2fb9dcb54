# DevGem itself, for a server. docs/hosting.md says how it is run on Cloud Run.

FROM node:22-slim AS ui
WORKDIR /devgem/ui
COPY ui/package.json ui/package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY ui/ ./
RUN npm run build

FROM python:3.11-slim AS build
RUN pip install --no-cache-dir --disable-pip-version-check uv==0.13.9
ENV UV_PROJECT_ENVIRONMENT=/opt/devgem
ENV UV_COMPILE_BYTECODE=1
ENV UV_LINK_MODE=copy
ENV UV_PYTHON_DOWNLOADS=never
WORKDIR /devgem
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-default-groups --extra google --no-install-project
COPY README.md LICENSE ./
COPY src/ src/
COPY --from=ui /devgem/src/devgem/web/static/ src/devgem/web/static/
RUN uv sync --locked --no-default-groups --extra google --no-editable

FROM python:3.11-slim
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends ca-certificates git && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --create-home --home-dir /home/devgem devgem && install -d -o devgem -g devgem -m 0700 /data
COPY --from=build /opt/devgem /opt/devgem
COPY --chmod=0755 deploy/start /usr/local/bin/devgem-start
ENV PATH=/opt/devgem/bin:/usr/local/bin:/usr/bin:/bin
ENV DEVGEM_HOST=0.0.0.0
ENV DEVGEM_DATA_DIR=/data
ENV DEVGEM_CLOUDS=google
ENV PYTHONUNBUFFERED=1
WORKDIR /data
USER 10001:10001
EXPOSE 8080
CMD ["devgem-start"]
