/** As Unicode folds it: the dotless i is a letter of its own, whatever its capital looks like. */
const FOLDED = /[^ı]+/gu

/**
 * What two spellings of one identifier have in common: width, ligatures and other compatibility forms (NFKC), case and
 * characters that do not show make no difference. For comparing only; what was written is what is shown.
 */
export function matchKey(text: string): string {
  return text
    .normalize('NFKC')
    .replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '')
    .replaceAll(FOLDED, (part) => part.toUpperCase().toLowerCase().replaceAll('ς', 'σ'))
    .normalize('NFKC')
}
