/** `listOrders` is `list_orders`, `getHTTPStatus` is `get_http_status`. */
export function snakeCase(id: string): string {
  return id
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .replaceAll(/[^a-zA-Z0-9_-]+/g, '_')
    .toLowerCase()
}
