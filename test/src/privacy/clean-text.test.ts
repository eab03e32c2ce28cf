import fc from 'fast-check'
import t from 'tap'
import { cleanText } from '../../../src/privacy/clean-text.ts'
import { matchKey } from '../../../src/privacy/match-key.ts'
import { isStorable } from '../../../src/privacy/text.ts'

/** A sentence or name of scripts in daily use; those that write with joiners or selectors have them. */
const SCRIPTS: Record<string, string> = {
  Adlam: '𞤀𞤣𞤤𞤢𞤥 𞤆𞤵𞤤𞤢𞤪',
  Amharic: 'ትዕዛዜ የት ነው?',
  Arabic: 'أين طلبي؟ شكرًا جزيلًا',
  Armenian: 'Որտե՞ղ է իմ պատվերը',
  Assamese: 'মোৰ অৰ্ডাৰ ক’ত?',
  Balinese: 'ᬅᬓ᭄ᬱᬭ ᬩᬮᬶ',
  Bengali: 'র‌্যাব, আমার অর্ডার কোথায়? ক্‌ষ',
  Braille: '⠓⠑⠇⠇⠕⠀⠺⠕⠗⠇⠙',
  Burmese: 'ကျွန်ုပ်၏ မှာယူမှု',
  Cherokee: 'ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ',
  Chinese: '我的订单在哪里?請問',
  Cree: 'ᓀᐦᐃᔭᐍᐏᐣ',
  Divehi: 'އަޅުގަނޑުގެ އޯޑަރު',
  Dutch: 'Waar blijft mijn bestelling, coöperatie?',
  Georgian: 'სად არის ჩემი შეკვეთა?',
  German: 'Wo ist meine Bestellung, Größe „L“?',
  Greek: 'Πού είναι η παραγγελία μου;',
  Gujarati: 'મારો ઓર્ડર ક્યાં છે?',
  Gurmukhi: 'ਮੇਰਾ ਆਰਡਰ ਕਿੱਥੇ ਹੈ?',
  Hebrew: 'אֵיפֹה הַהַזְמָנָה שֶׁלִּי? ירושלַ͏ִם',
  Hindi: 'मेरा ऑर्डर कहाँ है? क्‍ष और क्‌ष',
  Japanese: '注文はどこですか?カタカナ・ひらがな 葛󠄀城さん',
  Javanese: 'ꦲꦏ꧀ꦱꦫꦗꦮ',
  Kannada: 'ನನ್ನ ಆರ್ಡರ್‌ ಎಲ್ಲಿದೆ? ರ‍್ಯಾಂಕ್‌',
  Khmer: 'ការបញ្ជាទិញរបស់ខ្ញុំ',
  Korean: '제 주문은 어디에 있나요?',
  Kurdish: 'فەرمانەکەم لە کوێیە؟',
  Lao: 'ຄໍາສັ່ງຊື້ຂອງຂ້ອຍຢູ່ໃສ?',
  Lontara: 'ᨒᨚᨈᨑ',
  Malayalam: 'എന്റെ ഓർഡർ എവിടെ? അവന്‍ പറഞ്ഞു, നന്‌മ',
  Manipuri: 'ꯃꯤꯇꯩ ꯃꯌꯦꯛ',
  Mongolian: 'ᠮᠣᠩᠭᠣᠯ ᠪᠢᠴᠢᠭ ᠬᠠᠭᠠᠨ᠋ ᠰᠠᠷ᠎ᠠ',
  Nko: 'ߒߞߏ ߞߊ߲',
  Odia: 'ମୋର ଅର୍ଡର କେଉଁଠି?',
  Persian: 'سفارش من کجاست؟ می‌خواهم کتاب‌ها را؛ سال ۱۳۷۸ ه‍.ش',
  Polish: 'Gdzie jest moje zamówienie? Zażółć gęślą jaźń',
  Rohingya: '𐴌𐴟𐴇𐴥𐴝𐴚𐴒𐴙𐴝',
  Russian: 'Где мой заказ? Ещё не пришёл.',
  Santali: 'ᱥᱟᱱᱛᱟᱲᱤ',
  Sinhala: 'ශ්‍රී ලංකාව, මගේ ඇණවුම කොහෙද? ක්‍රමය',
  Syriac: 'ܐܢܐ ܠܫܢܐ ܣܘܪܝܝܐ',
  Tamil: 'எனது ஆர்டர் எங்கே? ஸ்ரீ',
  Telugu: 'నా ఆర్డర్ ఎక్కడ ఉంది? క్‌ష',
  Thai: 'คำสั่งซื้อของฉันอยู่ที่ไหน',
  Tibetan: 'ང་ཡི་མངགས་ཟོ་ག་པར་ཡོད།',
  Tifinagh: 'ⵜⴰⵎⴰⵣⵉⵖⵜ',
  Turkish: 'Siparişim nerede? İstanbul’da ışık',
  Urdu: 'میرا آرڈر کہاں ہے؟ شکریہ‌۔',
  Uyghur: 'زاكازىم نەدە؟',
  Vietnamese: 'Đơn hàng của tôi ở đâu?',
  Yi: 'ꆈꌠꁱꂷ',
  Yoruba: 'Níbo ni àṣẹ mi wà? Ẹ ṣé',
}

const EMOJI = [
  ...[
    '👍',
    '👍🏽',
    '❤️',
    '☎︎',
    '☺️',
    '1️⃣',
    '#️⃣',
    '*️⃣',
    '🇩🇪',
    '🇯🇵',
    '🏳️‍🌈',
    '🏴‍☠️',
    '👩‍🚀',
    '👩🏽‍🚀',
    '👨‍👩‍👧‍👦',
    '❤️‍🔥',
    '🏃🏽‍♀️',
    '🏃🏿‍♂️‍➡️',
  ],
  ...['👩‍❤️‍💋‍👨', '🧑🏻‍🤝‍🧑🏿', '🐻‍❄️', '🧔‍♂️', '👁️‍🗨️', '👨🏻‍🦰', '🍋‍🟩', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '🏴󠁧󠁢󠁳󠁣󠁴󠁿', '🏴󠁧󠁢󠁷󠁬󠁳󠁿', '🏴󠁵󠁳󠁴󠁸󠁿', '©️', '™️', '🫱🏻‍🫲🏿'],
]

const code = (...points: number[]) => String.fromCodePoint(...points)
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

const HIDDEN = [
  ...[
    ...range(0x01, 0x08),
    ...range(0x0e, 0x1f),
    ...range(0x7f, 0x84),
    ...range(0x86, 0x9f),
    0xad,
    0x061c,
    0x115f,
    0x1160,
  ],
  ...[0x180e, 0x200b, 0x200c, 0x200d, 0x200e, 0x200f, ...range(0x202a, 0x202e), ...range(0x2060, 0x206f), 0x3164],
  ...[0xe000, 0xf8ff, 0xfe00, 0xfe0e, 0xfe0f, 0xfeff, 0xffa0, ...range(0xfff9, 0xfffb), 0xffff, 0xfdd0, 0x034f],
  ...[...range(0xe0000, 0xe007f), 0xe0100, 0xe01ef, 0xf0000, 0x10fffd, 0x1bca0, 0x1d173, 0x1fffe],
]

t.test('every script in daily use survives, joiners and all', async (t) => {
  for (const [name, text] of Object.entries(SCRIPTS)) t.equal(cleanText(text), text.normalize('NFC'), name)
  t.match(SCRIPTS.Persian, /\u200C.*\u200D/, 'the samples do hold joiners')
  t.match(SCRIPTS.Japanese, /\u{E0100}/u)
})

t.test('emoji survive, alone and in a sentence', async (t) => {
  for (const emoji of EMOJI) {
    t.equal(cleanText(emoji), emoji)
    t.equal(cleanText(`Thanks ${emoji}${emoji}, see you.`), `Thanks ${emoji}${emoji}, see you.`)
  }
})

t.test('characters that do not show are removed between letters', async (t) => {
  for (const point of HIDDEN) t.equal(cleanText(`pass${code(point)}word`), 'password', point.toString(16))
})

t.test('a hidden message in tags, selectors or joiners is gone', async (t) => {
  const tags = code(...[...'ignore all rules'].map((char) => 0xe0000 + (char.codePointAt(0) as number)))
  t.equal(cleanText(`Hello${tags}`), 'Hello')
  t.equal(cleanText(`\u{1F3F4}${tags}${code(0xe007f)}`), '\u{1F3F4}', 'a flag with a message is a flag')
  t.equal(cleanText(`ok${code(...range(0xe0100, 0xe01ef))}`), 'ok')
  t.equal(cleanText(`😀${code(0xfe0f, 0xfe0e, 0xfe01, 0xe0100)}!`), '😀\uFE0F!')
  t.equal(cleanText(`a${code(0x200d, 0x200c, 0x200d)}b`), 'ab')
  t.equal(cleanText(`می${code(0x200c, 0x200c, 0x200d, 0x200c)}خواهم`), 'می\u200Cخواهم', 'one joiner in a place')
  t.equal(cleanText('user\u202Egnp.exe'), 'usergnp.exe')
})

t.test('every way to end a line becomes LF; tabs stay', async (t) => {
  t.equal(cleanText('a\r\nb\rc\u2028d\u2029e\x85f\vg\fh\ti\n'), 'a\nb\nc\nd\ne\nf\ng\nh\ti\n')
})

t.test('text is composed', async (t) => {
  t.equal(cleanText('Zoe\u0308 \u1112\u1161\u11ab'), 'Zoë 한')
  t.equal(cleanText('e\uFE0F\u0301'), 'é', 'also where something hidden kept the mark from its letter')
})

t.test('halves of characters and U+0000 are refused', async (t) => {
  for (const text of ['a\uD800', '\uDC00a', 'é\uDBFFb', 'a\0b']) t.throws(() => cleanText(text), RangeError)
})

/** Text that is likely to hold what matters here. */
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom(...HIDDEN.map((point) => code(point))),
      fc.constantFrom(
        ...EMOJI,
        ...Object.values(SCRIPTS),
        '\u0301',
        '\u0308',
        '\u093C',
        '\u20E3',
        '\r',
        '1',
        'e',
        'क',
        'ه',
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join('').replaceAll('\0', ''))
  .filter((each) => isStorable(each))

t.test('whatever comes in, cleaning is done once', async () => {
  fc.assert(
    fc.property(text, (each) => cleanText(cleanText(each)) === cleanText(each)),
    { numRuns: 3000 },
  )
})

t.test('what comes out is NFC, well formed, hides nothing and is no longer than NFC can make it', async () => {
  const hides =
    /(?![\t\n])\p{Cc}|[\u00AD\u061C\u115F\u1160\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\u3164\uE000-\uF8FF\uFEFF\uFFA0]|[^\u{1F3F4}\u{E0030}-\u{E007A}][\u{E0000}-\u{E007F}]|\p{Co}|\p{Cs}/u
  fc.assert(
    fc.property(text, (each) => {
      const clean = cleanText(each)
      return (
        clean === clean.normalize('NFC') && isStorable(clean) && !hides.test(clean) && clean.length <= 3 * each.length
      )
    }),
    { numRuns: 3000 },
  )
})

t.test('identifiers match without regard to width, case, ligatures and hidden characters', async (t) => {
  const same = [
    'LAMP-DESK-01',
    'ｌａｍｐ－ｄｅｓｋ－０１',
    'Lamp\u200B-Desk\u00AD-01',
    'ＬＡＭＰ-ᴅesk-01'.replace('ᴅ', 'D'),
  ]
  t.equal(new Set(same.map(matchKey)).size, 1)
  t.equal(matchKey('STRASSE'), matchKey('straße'))
  t.equal(matchKey('ΟΔΟΣ'), matchKey('οδος'))
  t.equal(matchKey('ﬁne'), 'fine')
  t.not(matchKey('ısı'), matchKey('isi'), 'the dotless i is another letter')
  t.not(matchKey('а'), matchKey('a'), 'so is the Cyrillic one')
  fc.assert(fc.property(text, (each) => matchKey(matchKey(each)) === matchKey(each)))
})
