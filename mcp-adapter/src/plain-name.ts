/** How many characters and digits a name has that somebody gave to a thing. Keys, tokens and card numbers have more. */
const PLAIN_NAME = /^[A-Za-z_$][\w.$-]{0,39}$/
const MOST_DIGITS = 4

/** Whether a name may be told back: whatever could be a secret in the wrong place is not. */
export const isPlainName = (name: string) => PLAIN_NAME.test(name) && (name.match(/\d/g)?.length ?? 0) <= MOST_DIGITS
