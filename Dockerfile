# The engine in a container, without plugins of yours. docs/guides/docker.md says how to run it and how to add them.
FROM node:26-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
RUN npm run build

FROM node:26-slim
# As the first process tini takes in what children of plugins leave behind, which Node does not.
RUN apt-get update && apt-get install -y --no-install-recommends tini && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/iii-host
COPY package.json package-lock.json LICENSE iii-config.yaml ./
RUN npm ci --omit=dev
COPY bin/*.mjs ./bin/
COPY --from=build /build/dist ./dist
RUN ln -s /opt/iii-host/bin/iii.mjs /usr/local/bin/iii

# The project: configuration and plugins are read, data is written.
WORKDIR /project
COPY examples/docker/iii-config.yaml ./
RUN mkdir data && chown 1000:1000 data
VOLUME /project/data
# Compiled plugins; may be lost at any time.
ENV NODE_ENV=production III_CACHE_DIR=/tmp/iii-host
USER 1000:1000
EXPOSE 49134 3112 3111
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s CMD ["iii", "health"]
ENTRYPOINT ["tini", "--"]
CMD ["iii", "start", "--no-watch"]
