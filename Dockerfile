# The image of `make image`, for those who build with an engine. The same code makes the files, so they are the same; test/image holds the rest to it.
#   docker build --build-arg REVISION="$(git rev-parse HEAD)" --tag serin:0.1.0 .
FROM --platform=$BUILDPLATFORM node:24-bookworm-slim AS files
ARG TARGETARCH=amd64
WORKDIR /checkout
COPY package.json package-lock.json ./
RUN npm ci --silent || npm install --no-save --loglevel=error
COPY LICENSE ./
COPY src src/
RUN PATH="$PWD/node_modules/.bin:$PATH" node src/bin/image.ts --files /files --arch "$TARGETARCH"

FROM scratch
COPY --from=files /files/runtime/ /
COPY --from=files /files/app/ /
ARG REVISION
LABEL org.opencontainers.image.title="Serin" \
      org.opencontainers.image.description="Every image change of a plain Kubernetes Deployment becomes a canary" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="$REVISION"
ENV PATH="/usr/bin" NODE_ENV="production"
EXPOSE 8080/tcp 8443/tcp
WORKDIR /
USER 65532:65532
ENTRYPOINT ["/usr/bin/node", "--liftoff-only", "/serin/serin.mjs"]
