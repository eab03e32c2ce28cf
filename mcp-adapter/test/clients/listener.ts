import { Client } from '@modelcontextprotocol/client'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { CLIENT_INFO, type Flavour } from './face.ts'
import { versionNegotiation } from './v2.ts'

/** A client that counts how often it was told that the list changed. */
export function createListener(flavour: Flavour): { client: Client | ClientV1; told: () => number } {
  let told = 0
  if (flavour === 'v1') {
    const client = new ClientV1(CLIENT_INFO)
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
      told += 1
    })
    return { client, told: () => told }
  }
  const onChanged = () => {
    told += 1
  }
  const client = new Client(CLIENT_INFO, {
    versionNegotiation: versionNegotiation(flavour),
    listChanged: { tools: { onChanged, autoRefresh: false } },
  })
  return { client, told: () => told }
}
