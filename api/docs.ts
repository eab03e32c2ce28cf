import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'

/** The page on which a person reads the API and tries calls with a key of their own; everything on it is served here. */
export async function registerDocs(app: FastifyInstance): Promise<void> {
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    theme: { title: 'Handrail API' },
    uiConfig: {
      docExpansion: 'list',
      tryItOutEnabled: true,
      displayRequestDuration: true,
      persistAuthorization: false,
    },
  })
}
