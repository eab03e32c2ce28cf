FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY . .
RUN npm ci --no-audit --no-fund && npm run build && npm prune --omit=dev

FROM node:20-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 MCP_HOST=0.0.0.0
WORKDIR /app
COPY --from=build --chown=node:node /app /app
# The seals of the audit trail and their keys are kept here, outside the database: they must outlive the container.
RUN install -d -m 700 -o node -g node .data
VOLUME /app/.data
USER node
EXPOSE 3000 3001
HEALTHCHECK CMD ["node", "-e", "fetch('http://127.0.0.1:3000/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--enable-source-maps", "dist/src/main.js"]
