import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'

/** Nothing from elsewhere, no inline scripts; Swagger UI sets styles on its elements. */
const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** The page on which a person reads the API and tries calls with a key of their own; everything on it is served here. */
export async function registerDocs(app: FastifyInstance): Promise<void> {
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: CSP,
    // The bar on top asks for other documents to explore; there is one here.
    theme: { title: 'Handrail API', css: [{ filename: 'handrail.css', content: '.topbar { display: none }' }] },
    uiConfig: {
      // Its default sends the document's address to a service elsewhere.
      validatorUrl: null,
      docExpansion: 'list',
      tryItOutEnabled: true,
      displayRequestDuration: true,
      persistAuthorization: false,
    },
  })
}
