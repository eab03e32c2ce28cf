import { Type } from '@sinclair/typebox'
import {
  closed,
  Id,
  nullable,
  oneOf,
  ownedBy,
  pageOf,
  pageQuery,
  personal,
  Time,
  untrusted,
  Version,
} from '../schemas.ts'

export const ROLES = ['customer', 'support', 'manager', 'admin'] as const
const STATUSES = ['active', 'suspended', 'closed'] as const
const CHANNELS = ['email', 'phone', 'sms', 'none'] as const

const email = Type.String({
  format: 'email',
  maxLength: 254,
  description: 'An email address; kept in lower case.',
  ...personal('email'),
})
const username = Type.String({
  pattern: '^[a-zA-Z0-9_]{3,20}$',
  maxLength: 20,
  description: 'Letters, digits and underscores; unique without regard to case.',
  ...untrusted,
})
const fullName = Type.String({
  minLength: 1,
  maxLength: 200,
  description: 'The name to address the person with.',
  ...personal('name'),
})
const phone = Type.String({
  pattern: '^\\+[1-9][0-9]{6,14}$',
  maxLength: 16,
  description: 'E.164, such as +4930123456.',
  ...personal('phone'),
})
const shownPhone = Type.String({
  ...phone,
  pattern: '^(\\+[1-9][0-9]{6,14}|masked-[0-9a-f]{10})$',
  maxLength: 17,
  description: 'E.164, or `masked-` and a name for it.',
})
const locale = Type.String({
  pattern: '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$',
  maxLength: 35,
  description: 'A BCP 47 tag, such as de-DE.',
})
const timeZone = Type.String({ minLength: 1, maxLength: 64, description: 'An IANA time zone, such as Europe/Berlin.' })
const contactChannel = oneOf(CHANNELS, { description: 'How the person wants to be contacted.' })
const marketingConsent = Type.Boolean({ description: 'Whether the person agreed to marketing.' })
const role = oneOf(ROLES, { description: 'What the person may do. Administrators set it.' })
const status = oneOf(STATUSES, { description: 'Only an active account can do anything. Administrators set it.' })

export const User = Type.Object(
  {
    id: Id,
    username,
    email,
    role,
    status,
    profile: Type.Object({ fullName, phone: nullable(shownPhone) }),
    preferences: Type.Object({ locale, timeZone, contactChannel, marketingConsent }),
    version: Version,
    createdAt: Time,
    updatedAt: Time,
  },
  {
    $id: 'User',
    description:
      'A person: profile, account and preferences. Who may not see the personal data of others (`user:unmask`) gets a ' +
      'stand-in for email address, full name and phone number: `masked-` and ten hexadecimal digits, in an address at ' +
      '`masked.invalid`. Equal stand-ins mean equal values of one person.',
    ...ownedBy('/id'),
  },
)

const changeableProfile = { fullName: Type.Optional(fullName), phone: Type.Optional(nullable(phone)) }
const preferences = closed({
  locale: Type.Optional(locale),
  timeZone: Type.Optional(timeZone),
  contactChannel: Type.Optional(contactChannel),
  marketingConsent: Type.Optional(marketingConsent),
})

export const NewUser = closed(
  {
    email,
    username,
    profile: closed({ fullName, phone: Type.Optional(nullable(phone)) }),
    role: Type.Optional({ ...role, default: 'customer' as const }),
    preferences: Type.Optional(preferences),
  },
  { $id: 'NewUser', description: 'A user to create.' },
)

export const UserChanges = closed(
  {
    email: Type.Optional(email),
    username: Type.Optional(username),
    role: Type.Optional(role),
    status: Type.Optional(
      oneOf(['active', 'suspended'], { description: 'Administrators set it; only deleteUser closes an account.' }),
    ),
    profile: Type.Optional(closed(changeableProfile, { minProperties: 1 })),
    preferences: Type.Optional(preferences),
  },
  { $id: 'UserChanges', minProperties: 1, description: 'What to change; the rest stays as it is.' },
)

export const UserPage = pageOf(User, 'UserPage')
export const UserPath = closed({ userId: Id })
export const UserQuery = closed({
  search: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 254,
      description:
        'Part of the user name, in upper or lower case, or a whole email address. Part of an email address or a full ' +
        'name finds those whose personal data you may see.',
    }),
  ),
  status: Type.Optional(oneOf(STATUSES, { description: 'Only users with this status.' })),
  ...pageQuery,
})

export const userSchemas = [User, NewUser, UserChanges, UserPage]
