import { Message, MessagePath } from '../messages/schemas.ts'
import { closed, pageOf, pageQuery } from '../schemas.ts'

export const DeadLetter = Message
export const DeadLetterPage = pageOf(Message, 'DeadLetterPage')
export const DeadLetterPath = MessagePath
export const DeadLetterQuery = closed(pageQuery)

export const deadLetterSchemas = [DeadLetterPage]
